// Error.prepareStackTrace and call sites, to get at frames of the guest program. EXPECT: error
Error.stackTraceLimit=1e9;Error.prepareStackTrace=(e,sites)=>{for(const s of sites)for(const m of ['getThis','getFunction','getEvalOrigin','getFileName'])try{const v=s[m]?.();if(v&&typeof v==='object'&&typeof v.o==='function')console.log('ESCAPED',m);if(/\/|node:|file:/.test(String(v))&&typeof v==='string')console.log('LEAKPATH',v)}catch(x){}return 'x'};
try{state.set('',1)}catch(e){e.stack}try{await fetch('nope')}catch(e){e.stack}try{secret('none')}catch(e){e.stack}throw new Error('end')
