// Setters and getters on the shared prototypes, to catch what the guest program passes around. EXPECT: any
const seen=[];for(const k of ['0','1','value','get','set','url','method','headers','message','last','run','seen','room'])for(const P of [Object.prototype,Array.prototype,Function.prototype])try{Object.defineProperty(P,k,{configurable:true,get(){seen.push(this);return undefined},set(v){seen.push(v)}})}catch(e){}
try{print('a',{b:1});state.set('x',[1]);progress(0.1);await fetch('https://example.test/').catch(()=>{});structuredClone({a:[1]});new URL('https://example.test/').searchParams.set('a','b');run.number}catch(e){}
for(const s of seen)if(s&&typeof s==='object'&&typeof s.o==='function'&&typeof s.F==='function')console.log('ESCAPED');console.log('done')
