// P850, the test card: every colour on every ground it may stand on, the letters, and how long the line takes.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call } from "../api.ts";
import { LOGO } from "../logo.ts";
import { Mosaic, Progress, Trend } from "../mosaic.tsx";
import { connection } from "../service.ts";
import { Title, usePage } from "../shell.tsx";

const GROUNDS = ["k", "b", "r", "g", "y", "m", "c", "w"];
const LETTERS = [
  "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  "abcdefghijklmnopqrstuvwxyz 0123456789",
  "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞß",
  "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ",
  "ĄĆĘŁŃÓŚŹŻ ąćęłńóśźż ČĎĚŇŘŠŤŮŽ čďěňřšťůž ŐŰ őű ĂȘȚ ășț",
  "£€¥¢§©®™ ←→↑↓↔↻ ▶◀▲▼●○■□◆◇ ✓✗⏸⚠ ★☆♥ ≤≥≠≈±×÷ °·•… «»„“”‘’",
  "┌─┬─┐ ╔═╦═╗ ░▒▓█ ▁▂▃▄▅▆▇█ ⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
];
const WAVE = Array.from({ length: 60 }, (_, i) => Math.sin(i / 5) + Math.sin(i / 13));

export function CardPage() {
  const tookMs = useSignal<number | null>(null);
  useEffect(() => {
    const start = performance.now();
    call("/session").then(() => {
      tookMs.value = performance.now() - start;
    });
  }, []);
  usePage("P850 Test card - Ticker", [
    { colour: "r", label: "Red", act: () => {} },
    { colour: "g", label: "Green", act: () => {} },
    { colour: "y", label: "Yellow", act: () => {} },
    { colour: "c", label: "Index", href: "/" },
  ]);
  return (
    <main id="main" class="plainpage">
      <Title crumbs={[["100 Index", "/"]]} name="Test card">
        <span class="t-c">
          a call takes {tookMs.value === null ? "..." : `${Math.round(tookMs.value)} ms`}; the feed
          is {connection.value.state}
        </span>
      </Title>
      <div class="card">
        {GROUNDS.map((ground) => (
          <span key={ground} class={`on-${ground}`}>
            {ground.toUpperCase()} TICKER
          </span>
        ))}
      </div>
      {LETTERS.map((line) => (
        <p key={line}>{line}</p>
      ))}
      <p class="dh t-y">Double height £123 éèñ Łódź</p>
      <Mosaic rows={LOGO} tone="c" />
      <Trend values={WAVE} rows={3} tone="m" label="A wave" />
      <Progress share={0.62} label="Reported progress" />
      <Progress share={0.4} label="Guessed progress" isGuess />
    </main>
  );
}
