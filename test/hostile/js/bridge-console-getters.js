// Objects with getters that throw, loop or lie, proxies that answer with a million keys, printed. EXPECT: any
const p=new Proxy([],{get(t,k){return k==='length'?1e9:p},getOwnPropertyDescriptor(){return{value:p,configurable:true}},ownKeys(){return Array.from({length:1e5},(_,i)=>'k'+i)}});
console.log({get a(){for(;;);},get b(){throw 1}},p,{p},[p],new Map([[p,p]]));
const deep={};let d=deep;for(let i=0;i<1e5;i++){d.next={};d=d.next}console.log(deep);
console.log(Array.from({length:1e6},()=>'x'.repeat(100)).slice(0,1e5));console.log('done')
