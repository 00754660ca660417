// Prints nothing, for ever. EXPECT: any
for(;;)print()
