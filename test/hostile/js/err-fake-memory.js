// Claims to be out of memory with a stack that names lines there are not. EXPECT: error
const e=new RangeError('out of memory');e.stack='    at x (main.js:99999999:1)\n    at y (/etc/passwd:1:1)\n    at z (main.js:1:1)';throw e
