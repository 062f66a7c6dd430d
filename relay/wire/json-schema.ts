/**
 * What can be said of JSON Schemas from outside without trusting them: reading one by its own keys, following a pointer
 * in it, and putting two together. Nothing here decides what is kept.
 */
export type Node = Readonly<Record<string, unknown>>;

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A copy with its own keys alone, on nothing: of `toString` and its kind it knows as little as of `__proto__`. */
export function own(node: Node): Node {
  const copy: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(node)) copy[key] = node[key];
  return copy;
}

/** Also where `properties[name] = …` would set a prototype. */
export function define(properties: Record<string, Node>, name: string, value: Node): void {
  if (name !== "__proto__") properties[name] = value;
  else
    Object.defineProperty(properties, name, { value, enumerable: true, configurable: true, writable: true });
}

export const propertiesOf = ({ properties }: Node): Record<string, Node> =>
  isNode(properties)
    ? Object.fromEntries(Object.entries(properties).filter((pair): pair is [string, Node] => isNode(pair[1])))
    : {};

export const requiredOf = ({ required }: Node): string[] =>
  Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];

export function anyOf(schemas: readonly Node[]): Node {
  const different = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
  const [only] = different;
  return different.length > 1 ? { anyOf: different } : (only ?? {});
}

/** Two accounts of one property, of which one may say nothing. */
export function either(one: Node, other: Node): Node {
  const said = [one, other].filter((schema) => Object.keys(schema).length > 0);
  return anyOf(said.flatMap(alternativesOf));
}

const alternativesOf = (schema: Node): readonly Node[] =>
  Object.keys(schema).length === 1 && Array.isArray(schema.anyOf) ? schema.anyOf.filter(isNode) : [schema];

/** As near to "both hold" as one schema comes; where they differ, the first is right. */
export function both(one: Node, other: Node): Node {
  const properties = propertiesOf(one);
  for (const [name, property] of Object.entries(propertiesOf(other))) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    define(properties, name, known === undefined ? property : both(known, property));
  }
  const required = [...new Set([...requiredOf(one), ...requiredOf(other)])];
  const known = Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined));
  return {
    ...other,
    ...known,
    ...((one.properties !== undefined || other.properties !== undefined) && { properties }),
    ...(required.length > 0 && { required }),
  };
}

/** What a `$ref` within the same schema means: https://www.rfc-editor.org/rfc/rfc6901. An anchor means nothing here. */
export function pointed(root: unknown, ref: string): unknown {
  if (ref !== "#" && !ref.startsWith("#/")) return undefined;
  let found = root;
  for (const part of ref.split("/").slice(1)) {
    const name = decoded(part)?.replaceAll("~1", "/").replaceAll("~0", "~");
    if (name === undefined || typeof found !== "object" || found === null || !Object.hasOwn(found, name)) {
      return undefined;
    }
    found = Reflect.get(found, name);
  }
  return found;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
