// The service that the page comes from, and no other one.

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const WITHOUT_DETAILS = [401, 403, 422]; // a private service, or a picture that takes too long

export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status; // of HTTP; "network" or "file" where there was no answer
  }
}

export function isLocal() {
  return LOOPBACK.includes(location.hostname);
}

// The report on a file, with details if the service gives them.
export async function verify(file, signal) {
  let answer = await post("v1/verify?details=true", file, signal);
  if (WITHOUT_DETAILS.includes(answer.status)) answer = await post("v1/verify", file, signal);
  if (!answer.ok) throw new Refusal(answer.status, await reason(answer));
  return answer.json();
}

// Manifests to which a soft binding leads; null from a service that tells nobody unknown. The value
// goes in the body, for addresses are written into the logs of proxies.
export async function matches(alg, bytes, signal) {
  const value = btoa(String.fromCharCode(...bytes));
  const options = { method: "POST", body: JSON.stringify({ alg, value }), signal, redirect: "error",
    headers: { "content-type": "application/json" } };
  const answer = await fetch("v1/matches/byBinding?maxResults=4", options).catch((error) => {
    if (error.name === "AbortError") throw error;
    return unanswered(error);
  });
  if (answer.status === 401 || answer.status === 403) return null;
  return (await answered(answer)).matches;
}

// The proof that the log has a leaf, and the line with the log's key, null if it is not given.
export async function proofOf(position) {
  const [proof, key] = await Promise.all([
    get(`v1/log/inclusion?leaf=${position}`), get("v1/log/key")]);
  if (!proof.ok) throw new Refusal(proof.status, await reason(proof));
  return { proof: await proof.json(), key: key.ok ? await key.text() : null };
}

// By when which kind of complaint is answered.
export async function terms() {
  return answered(await get("v1/complaints"));
}

// Files a complaint; its ticket, the secret for it and the deadline.
export async function complain(filed) {
  const headers = { "content-type": "application/json" };
  const options = { method: "POST", body: JSON.stringify(filed), headers, redirect: "error" };
  return answered(await fetch("v1/complaints", options).catch(unanswered));
}

// What became of a complaint, for whoever has its secret.
export async function complaintState(ticket, secret) {
  const headers = { authorization: `Bearer ${secret}` };
  const options = { headers, redirect: "error" };
  return answered(await fetch(`v1/complaints/${ticket}`, options).catch(unanswered));
}

async function answered(answer) {
  if (!answer.ok) throw new Refusal(answer.status, await reason(answer));
  return answer.json();
}

function unanswered(error) {
  throw new Refusal("network", error.message);
}

function get(path) {
  return fetch(path, { redirect: "error" });
}

// Relative to the page: a proxy may have put a path before both.
async function post(path, file, signal) {
  const headers = { "content-type": "application/octet-stream" };
  try {
    return await fetch(path, { method: "POST", body: file, headers, signal, redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(await readable(file) ? "network" : "file", error.message);
  }
}

async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

async function reason(answer) {
  try {
    return String((await answer.json()).error);
  } catch {
    return answer.statusText;
  }
}
