// Backtracking in a lookbehind with alternatives that overlap. EXPECT: any
/(?<=^(?:a|aa|aaa|a*)*)b$/.test('a'.repeat(40)+'c');/^(?:\w+\s?)*$/.test('word '.repeat(12)+'!');console.log('done')
