Object.assign(module.exports, require('some-library'));
