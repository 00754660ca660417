// Secrets and state under the names of built-in properties. EXPECT: ok
for(const n of ['__proto__','constructor','toString','hasOwnProperty','valueOf']){try{const v=secret(n);console.log('ESCAPED',n,typeof v)}catch(e){}const s=state.get(n);if(s!==undefined)console.log('ESCAPED state',n);state.set(n,{n});if(state.get(n).n!==n)console.log('ESCAPED lost')}console.log(state.keys().length)
