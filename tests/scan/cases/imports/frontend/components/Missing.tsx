import React, { lazy } from 'react';
import { help } from '@/lib/helpers';
import { help as again } from '@/lib';
import helpDefault from '../lib/helpers.js';
import { gone } from './gone'; // finds: unresolvable-import
import { gone as alias } from '@/lib/gone'; // finds: unresolvable-import
import { nothing } from '../lib/helpers'; // finds: unresolvable-import
import type { Gone } from '../types/gone'; // finds: unresolvable-import
import * as everything from '../lib/missing'; // finds: unresolvable-import
import '../lib/effects'; // finds: unresolvable-import
export { more } from './more'; // finds: unresolvable-import
export * from './most'; // finds: unresolvable-import
import './Missing.css';
import logo from './logo.svg';
import shader from './shader.glsl?raw';
import data from '../data.json';
import styles from './Missing.module.scss';
import { z } from 'zod';
import pkg from '@scope/package/inner';

const Lazy = lazy(() => import('./Lazy')); // finds: unresolvable-import
const Found = lazy(() => import('../lib/helpers').then(() => ({ default: () => null })));
const old = require('./required'); // finds: unresolvable-import
// import { nothing } from './comment';
const code = "import { nothing } from './string'";

export const page = async (name: string) => {
  await import(`./pages/${name}`);
  return <p>{code} import x from './text'</p>;
};
