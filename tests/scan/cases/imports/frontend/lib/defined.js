'use strict';
Object.defineProperty(exports, '__esModule', { value: true });
exports.plain = void 0;
const inner = require('inner-library');
Object.defineProperty(exports, 'defined', {
  enumerable: true,
  get: function () {
    return inner.defined;
  },
});
Object.defineProperty(module.exports, 'more', { value: 1 });
Object.defineProperty(Array.prototype, 'other', { value: 2 });
Object.assign(inner, { another: 3 });
exports.plain = 4;
