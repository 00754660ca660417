// A promise nobody settles beside an interval that never ends. EXPECT: timeout
setInterval(()=>{},5);await new Promise(()=>{})
