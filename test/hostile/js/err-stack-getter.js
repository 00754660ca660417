// Throws errors whose stack, name and message never come back. EXPECT: timeout
const e=new Error('x');for(const k of ['stack','name','message'])Object.defineProperty(e,k,{get(){for(;;);}});throw e
