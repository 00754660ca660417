// metric() for ever, over sixteen names. EXPECT: timeout
for(let i=0;;i++)metric('m'+i%16,i)
