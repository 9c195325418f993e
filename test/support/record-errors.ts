// Runs before each test file: every answer of the API that is an error is kept for the search at the end of the run.
import { keep } from './run-record.ts';

const ask = globalThis.fetch;

globalThis.fetch = async (input, init) => {
  const answer = await ask(input, init);
  // Only the API names its requests; the sandbox and the receivers of webhooks do not.
  if (answer.status >= 400 && answer.headers.has('x-request-id')) {
    const text = answer.clone().text();
    text.then((said) => keep('errors', said)).catch(() => {});
  }
  return answer;
};
