// The npm packages of these tests live in the build folder, not beside the sources: KEFU_NODE_DIR
// says where.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const folder = process.env.KEFU_NODE_DIR ?? new URL('.', import.meta.url).pathname;

/** require() of a package there. */
export const requireFrom = createRequire(join(folder, 'package.json'));
