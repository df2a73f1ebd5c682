// What the reader in the browser says of a manifest store, in the shape of the service's details.
// Of its checks only those of signatures and hashes count here: its "valid" is no word about trust.

const TRUST = ["signingCredential.", "timeStamp.", "cawg."];
const BINDING = /^assertion\.(dataHash|bmffHash|boxesHash|collectionHash)\./;
const DEPTH = 8;
const SIBLINGS = 24;
const PARTS = 64;
const TEXT = 512;
const ENTRIES = 32;
const ROLES = ["parentOf", "componentOf", "inputTo"];

// `state`: "holds"; "changed" (the content does not fit); "unbound" (whether it fits is not said, as
// of updates); "invalid" (signature or hashes). `trust`: null, for nobody has judged it.
export function told(store) {
  const label = text(store.active_manifest);
  const manifest = own(store.manifests, label) ?? {};
  const found = results(store, label);
  const room = { left: PARTS };
  return {
    label,
    state: state(found),
    failures: found.failures,
    ...statements(manifest),
    ...below(store, manifest, [label], room),
  };
}

// It and all that it was made from.
export function* parts(seen) {
  yield seen;
  for (const ingredient of seen.ingredients) yield* parts(ingredient);
}

function results(store, label) {
  const { activeManifest, ingredientDeltas } = store.validation_results ?? {};
  const direct = list(ingredientDeltas)
    .filter((delta) => String(delta.ingredientAssertionURI).includes(`/${label}/`))
    .flatMap((delta) => list(delta.validationDeltas?.failure));
  return {
    failures: codes([...list(activeManifest?.failure), ...direct]),
    successes: codes(list(activeManifest?.success)),
  };
}

function state({ failures, successes }) {
  if (!successes.includes("claimSignature.validated")) return "invalid";
  if (failures.some((code) => !BINDING.test(code))) return "invalid";
  if (failures.length > 0) return "changed";
  return successes.some((code) => BINDING.test(code)) ? "holds" : "unbound";
}

function statements(manifest) {
  const assertions = list(manifest.assertions);
  const actions = assertions
    .filter((each) => String(each?.label).startsWith("c2pa.actions"))
    .flatMap((each) => list(each.data?.actions));
  const stated = (value) => actions.map(value).find((each) => text(each)) ?? null;
  const metadata = assertions.find((each) => each?.label === "cawg.metadata")?.data;
  const creators = [metadata?.["dc:creator"]].flat().filter((each) => text(each));
  const record = assertions.find((each) => each?.label === "org.countermark.record")?.data;
  const signature = manifest.signature_info ?? {};
  const names = [signature.common_name, signature.issuer].filter((each) => text(each));
  return {
    claim_signer: text([...new Set(names)].join(", ")),
    trust: null,
    stamped_at: text(signature.time),
    title: text(manifest.title),
    creator: text(creators.join(", ")),
    generator: text(stated(({ softwareAgent: agent }) => software(agent))),
    producer: texts(record?.producer, "name", "code"),
    filing: texts(record?.filing, "number", "url"),
    digital_source: text(stated((action) => action.digitalSourceType)),
    created: text(stated((action) => action.when)),
    actions: actions.map((each) => text(each?.action)).filter(Boolean).slice(0, ENTRIES),
    thumbnail: text(manifest.thumbnail?.identifier),
  };
}

function software(agent) {
  const name = agent?.name ?? agent;
  return text(agent?.version) ? `${name} ${agent.version}` : name;
}

// The first text and, where there is one, the other; null without the first.
function texts(stated, first, other) {
  const value = text(stated?.[first]);
  return value && { [first]: value, [other]: text(stated[other]) };
}

function below(store, manifest, path, room) {
  const stated = list(manifest.ingredients).map((each) => each ?? {});
  stated.sort((one, other) => isParent(other) - isParent(one));
  const shown = path.length > DEPTH ? 0 : Math.min(stated.length, SIBLINGS, room.left);
  room.left -= shown;
  return {
    ingredients: stated.slice(0, shown).map((each) => ingredient(store, each, path, room)),
    omitted: stated.length - shown,
  };
}

function isParent({ relationship }) {
  return relationship === "parentOf";
}

function ingredient(store, stated, path, room) {
  const label = text(stated.active_manifest);
  const manifest = label && own(store.manifests, label);
  const recorded = codes(
    list(stated.validation_results?.activeManifest?.failure ?? stated.validation_status));
  const part = {
    role: ROLES.includes(stated.relationship) ? stated.relationship : "",
    state: label ? "missing" : "none",
    label,
    title: named(stated.title),
    thumbnail: text(stated.thumbnail?.identifier),
    recorded_failures: recorded,
    trust: null,
    actions: [],
    ingredients: [],
    omitted: 0,
  };
  if (!manifest) return part;
  const broken = recorded.some((code) => !BINDING.test(code)) || isAtFault(store, label);
  if (broken) return { ...part, state: "invalid" };
  const its = statements(manifest);
  const inner = path.includes(label) ? {} : below(store, manifest, [...path, label], room);
  const { title, thumbnail } = part;
  return { ...part, ...its, ...inner, state: "holds",
    title: named(its.title) ?? title, thumbnail: its.thumbnail ?? thumbnail };
}

function isAtFault(store, label) {
  const { activeManifest, ingredientDeltas } = store.validation_results ?? {};
  const deltas = list(ingredientDeltas).flatMap((delta) => list(delta.validationDeltas?.failure));
  return [...list(activeManifest?.failure), ...deltas]
    .filter((entry) => `${entry?.url}/`.includes(`/${label}/`))
    .some((entry) => codes([entry]).some((code) => !BINDING.test(code)));
}

// Those that say something about signatures, hashes and content.
function codes(entries) {
  const all = entries.map((entry) => text(entry?.code)).filter(Boolean);
  const counted = all.filter((code) => !TRUST.some((beginning) => code.startsWith(beginning)));
  return [...new Set(counted)].slice(0, ENTRIES);
}

// "parent" and "component" are what countermark writes for want of a name.
function named(title) {
  return ["parent", "component"].includes(title) ? null : text(title);
}

function own(map, key) {
  return map && Object.hasOwn(map, key) ? map[key] : null;
}

function list(value) {
  return Array.isArray(value) ? value : [];
}

function text(value) {
  return typeof value === "string" && value ? value.slice(0, TEXT) : null;
}
