/**
 * What Prometheus would make of a scrape, strictly: every line is a comment of its known kinds or a sample, of a metric
 * whose type was told before, and none comes twice.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
import { expect } from "bun:test";

export type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)",?/y;

export function samplesIn(text: string): readonly Sample[] {
  expect(text).toEndWith("\n");
  const typed = new Set<string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const type = /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line)?.[1];
    if (type !== undefined) typed.add(type);
    if (line === "" || type !== undefined || /^# HELP \S+ \S/.test(line)) continue;
    const [, name, inside = "", value = ""] = SAMPLE.exec(line) ?? [];
    if (name === undefined) throw new Error(`no sample: ${line}`);
    const family = name.replace(/_(?:bucket|sum|count)$/, "");
    if (!typed.has(name) && !typed.has(family)) throw new Error(`of no known type: ${line}`);
    const id = `${name}{${inside}}`;
    if (seen.has(id)) throw new Error(`twice: ${line}`);
    seen.add(id);
    const number = value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value);
    if (Number.isNaN(number)) throw new Error(`no number: ${line}`);
    samples.push({ name, labels: labelsIn(inside), value: number });
  }
  return samples;
}

/** The value of a sample; undefined: there is none with these labels. */
export const figureOf = (
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined =>
  samples.find((sample) => sample.name === name && Bun.deepEquals(sample.labels, labels))?.value;

function labelsIn(inside: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inside.length) {
    const [, name, value] = LABEL.exec(inside) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no labels: ${inside}`);
    labels[name] = value;
  }
  return labels;
}
