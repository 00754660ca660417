// Prints texts of many megabytes of wide characters until something gives. EXPECT: any
for(let i=1;;i++){console.log('é😀'.repeat(i*50000))}
