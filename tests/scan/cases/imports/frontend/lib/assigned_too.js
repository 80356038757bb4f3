exports.first = 1;
Object.assign(exports, require('some-library'), { second: 2 });
