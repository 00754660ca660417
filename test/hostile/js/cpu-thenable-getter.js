// A then getter that never returns. EXPECT: timeout
await {get then(){for(;;);}}
