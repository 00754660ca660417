// Cancelling calls that are not one's own, twice, and with junk. EXPECT: ok
for(const x of [0,-1,1,1e9,NaN,'1',{},null])clearTimeout(x);const t=setTimeout(()=>console.log('ESCAPED'),1);clearTimeout(t);clearTimeout(t);const c=new AbortController();const f=fetch('https://example.test/',{signal:c.signal}).catch(e=>e.name);c.abort();c.abort();console.log(await f)
