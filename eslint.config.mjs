import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { ASIDE, LAYERS, PLANES, allowedLayers } from './tools/layers.mjs';

const layerConstraints = [...LAYERS, ...ASIDE].map(({ name }) => ({
  sourceTag: `layer:${name}`,
  onlyDependOnLibsWithTags: allowedLayers(name).map((layer) => (layer === '*' ? '*' : `layer:${layer}`)),
}));
const planeConstraints = Object.entries(PLANES).map(([plane, allowed]) => ({
  sourceTag: `plane:${plane}`,
  onlyDependOnLibsWithTags: allowed.map((other) => (other === '*' ? '*' : `plane:${other}`)),
}));

const outsideWorld = [
  ['setTimeout', 'take Timers from the runtime, so that tests own time'],
  ['setInterval', 'take Timers from the runtime, so that tests own time'],
].map(([name, message]) => ({ name, message }));
const outsideCalls = [
  { object: 'Date', property: 'now', message: 'take Clock from the runtime, so that tests own time' },
  { object: 'performance', property: 'now', message: 'take Clock from the runtime, so that tests own time' },
  { object: 'Math', property: 'random', message: 'take Random from the runtime, so that tests fix every draw' },
  { object: 'process', property: 'env', message: 'main.ts reads the environment and passes on what it means' },
];

export default tseslint.config(
  { ignores: ['**/node_modules/**', '**/dist/**', '**/gen/**', '.nx/**', '**/testdata/**'] },
  js.configs.recommended,
  { files: ['**/*.ts', '**/*.tsx'], extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic] },
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setImmediate: 'readonly',
        queueMicrotask: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
        structuredClone: 'readonly',
        TextDecoder: 'readonly',
        TextEncoder: 'readonly',
        URLSearchParams: 'readonly',
      },
    },
    rules: {
      'no-console': ['error'],
      'max-lines': ['error', { max: 450, skipBlankLines: true, skipComments: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [
            '../../../tools/layers.mjs',
            '../../../tools/setup/system-packages.mjs',
            '../../../../tools/setup/system-packages.mjs',
          ],
          depConstraints: [...layerConstraints, ...planeConstraints],
        },
      ],
      'max-params': 'off',
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-empty-function': ['error', { allow: ['methods', 'arrowFunctions'] }],
    },
  },
  {
    files: ['libs/**/*.ts', 'apps/proxy/**/*.ts', 'apps/cli/**/*.ts'],
    ignores: ['libs/core/runtime/**', 'libs/testing/**', 'libs/demo/**', '**/*.test.ts', '**/main.ts'],
    rules: {
      'no-restricted-globals': ['error', ...outsideWorld],
      'no-restricted-properties': ['error', ...outsideCalls],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['libs/model/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*'], message: 'the model is pure: no platform, no I/O' }] },
      ],
    },
  },
  {
    files: ['libs/proxy/**/*.ts', 'libs/net/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Identifier[name=/^(Readable|Transform)Stream$/]',
          message: 'web streams cost hundreds of times what a callback does',
        },
      ],
    },
  },
  {
    files: ['eslint.config.mjs', '**/vite.config.*', 'tools/count-reporter.mjs'],
    rules: { 'no-restricted-exports': 'off' },
  },
);
