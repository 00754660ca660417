// An error whose name and message are no texts. EXPECT: error
const e=new Error('x');e.name=Symbol('n');e.message={toString(){throw e}};throw e
