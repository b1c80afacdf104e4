// Runs named checks one after the other and tells each result as one JSON line.

import { createRequire } from 'node:module';

export const modules = createRequire(`${process.env.CLIENT_MODULES}/package.json`);
export const { salesforce: org, hubspot: portal } = JSON.parse(process.env.SANDBOX);

const checks = [];

export function check(name, body) {
  checks.push([name, body]);
}

export function equal(found, wanted, what = 'value') {
  const [a, b] = [found, wanted].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${what}: found ${a}, wanted ${b}`);
}

export function ok(condition, what) {
  if (!condition) throw new Error(what);
}

export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('the call went through');
}

export async function run() {
  for (const [name, body] of checks) {
    let problem = null;
    try {
      await body();
    } catch (error) {
      problem = String(error.stack ?? error).slice(0, 2000);
    }
    console.log(JSON.stringify({ check: name, problem }));
  }
}
