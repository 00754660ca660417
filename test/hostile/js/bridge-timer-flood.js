// Ten thousand timers at once. EXPECT: any
let n=0;for(let i=0;i<1e4;i++){try{setTimeout(()=>{},1)}catch(e){n++}}console.log('refused',n)
