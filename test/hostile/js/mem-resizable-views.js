// Buffers that shrink or go away while the host reads them. EXPECT: any
const ab=new ArrayBuffer(4096,{maxByteLength:8192});const u=new Uint8Array(ab);ab.resize(16);try{crypto.getRandomValues(u)}catch{}try{new TextDecoder().decode(u)}catch{}
const big=new ArrayBuffer(4096);const v=new Uint8Array(big,1024,2048);big.transfer(0);for(const f of [()=>crypto.getRandomValues(v),()=>new TextDecoder().decode(v),()=>structuredClone(v),()=>fetch('https://example.test/',{body:v})])try{await f()}catch{}
class L extends Uint8Array{get byteLength(){return 1e9}get byteOffset(){return -1e9}}for(const f of [x=>crypto.getRandomValues(x),x=>new TextDecoder().decode(x),x=>fetch('https://example.test/',{body:x})])try{await f(new L(64))}catch{}
console.log('done')
