// Promises without end, all kept. EXPECT: memory
const a=[];for(;;){let r;a.push(new Promise(x=>r=x).then(()=>1));r()}
