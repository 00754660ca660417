// Holds answers to the OpenAPI document: finds the operation a request was for, and walks its schema.
// As much of JSON Schema as the document uses; a keyword it does not know fails rather than passes.

import type { OpenApi, Operation, Schema } from "@ticker/core/api/openapi";

const KNOWN = new Set(
  "$ref type properties required additionalProperties items anyOf oneOf enum const description example default minimum maximum minLength maxLength minItems maxItems pattern discriminator".split(
    " ",
  ),
);

/** What is wrong with an answer by the document; empty when nothing is. */
export function faults(
  document: OpenApi,
  answer: { method: string; path: string; status: number; type: string; body: unknown },
): string[] {
  const operation = find(document, answer.method, answer.path.split("?")[0] ?? "");
  // Addresses nobody answers have no operation; their problems are checked where they are tested.
  if (!operation) return [];
  const response = operation.responses[answer.status];
  if (!response) return [`status ${answer.status} is not documented`];
  const media = response.content?.[answer.type.split(";")[0] ?? ""];
  if (!media) return [`${answer.type} is not documented for ${answer.status}`];
  return check(document, media.schema, answer.body, "answer");
}

function find(document: OpenApi, method: string, path: string): Operation | undefined {
  const given = path.split("/");
  const [, methods] =
    Object.entries(document.paths)
      .filter(([template]) => !template.startsWith("/{page}"))
      // The more of it is fixed, the better it fits: `/v1/runs` before `/v1/{id}`.
      .toSorted(([a], [b]) => a.split("{").length - b.split("{").length)
      .find(([template]) => {
        const parts = template.split("/");
        return (
          parts.length === given.length &&
          parts.every((part, i) => part.startsWith("{") || part === given[i])
        );
      }) ?? [];
  return methods?.[method.toLowerCase()];
}

function check(document: OpenApi, schema: Schema, value: unknown, at: string): string[] {
  const unknown = Object.keys(schema).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0) return [`${at}: the check does not know ${unknown}`];
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    const target = document.components.schemas[name];
    return target ? check(document, target, value, at) : [`${at}: no shape ${name}`];
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (options) {
    const tried = options.map((option) => check(document, option, value, at));
    return tried.some((found) => found.length === 0)
      ? []
      : [`${at}: fits none of ${options.length}: ${tried.map((found) => found[0]).join(" | ")}`];
  }
  if (schema.const !== undefined && schema.const !== value)
    return [`${at}: is not ${schema.const}`];
  if (schema.enum && !schema.enum.includes(value))
    return [`${at}: ${value} is none of ${schema.enum}`];
  return [...checkType(schema, value, at), ...checkParts(document, schema, value, at)];
}

function checkType(schema: Schema, value: unknown, at: string): string[] {
  if (schema.type === undefined) return [];
  const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const types = [schema.type].flat();
  const isWhole = type === "number" && Number.isInteger(value) && types.includes("integer");
  return types.includes(type) || isWhole ? [] : [`${at}: ${type} where ${types} is documented`];
}

function checkParts(document: OpenApi, schema: Schema, value: unknown, at: string): string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((one, i) => check(document, items, one, `${at}[${i}]`)) : [];
  }
  if (typeof value !== "object" || value === null) return [];
  const given = Object.entries(value);
  const absent = (schema.required ?? []).filter((key) => !Object.hasOwn(value, key));
  return [
    ...absent.map((key) => `${at}.${key}: is documented as always there`),
    ...given.flatMap(([key, part]) => {
      const known = schema.properties?.[key];
      if (known) return check(document, known, part, `${at}.${key}`);
      if (schema.additionalProperties === false) return [`${at}.${key}: is not documented`];
      const others = schema.additionalProperties;
      return typeof others === "object" ? check(document, others, part, `${at}.${key}`) : [];
    }),
  ];
}
