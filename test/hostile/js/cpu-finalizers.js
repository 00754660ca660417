// Finalizers, weak references and generators that start over when they are closed. EXPECT: any
const r=new FinalizationRegistry(()=>{for(;;);});for(let i=0;i<1e5;i++)r.register({},i);function* g(){try{for(;;)yield 1}finally{yield* g()}}for(const x of g())break;console.log('done')
