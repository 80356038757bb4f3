import { defined, more, plain } from '../lib/defined';
import { other } from '../lib/defined'; // finds: unresolvable-import
import { another } from '../lib/defined'; // finds: unresolvable-import
import { anything } from '../lib/assigned';
import { first, second } from '../lib/assigned_too';
import { bought, help, own } from '@/lib/bundled';
import { own as same } from '@/lib/loose';
import { bought as absent } from '@/lib/loose'; // finds: unresolvable-import
import { helper } from '../lib/vendor/index';

const { defined: again } = require('../lib/defined');
const { otherwise } = require('../lib/defined'); // finds: unresolvable-import
