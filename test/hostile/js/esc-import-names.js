// import() of names that are no names. EXPECT: any
for(const s of ['fs\0ticker','__proto__','constructor','toString','hasOwnProperty','../ticker','ticker/','',' ticker','<eval>','\ud800'])try{const m=await import(s);console.log('ESCAPED',s,Object.keys(m))}catch(e){}try{await import({toString(){throw 1}})}catch{}console.log('done')
