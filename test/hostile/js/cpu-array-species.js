// Native array work on lengths that lie. EXPECT: any
const a={length:2**53-1,get 0(){return 1}};for(const m of ['indexOf','lastIndexOf','fill','reverse','copyWithin','join'])try{Array.prototype[m].call(a,2,0,2**52)}catch(e){}console.log('done')
