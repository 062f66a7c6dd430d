#!/bin/sh
# Makes the rehearsal's spoken clips: raw, headerless G.711 mu-law, 8 kHz, mono, as Twilio and OpenAI exchange it.
#
# Needs Debian's flite, sox and (through npm ci) bun. The words and voices stand in clips.ts; this script may not
# hold any of its own. The clips it leaves are committed, so that nobody needs flite to run the rehearsal.
#
# Licence: flite and its voices "rms" and "slt" (CMU ARCTIC) are free for any use, with attribution:
# Copyright (c) 1999-2016 Language Technologies Institute, Carnegie Mellon University. The words are this
# project's own, under its MIT licence.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# -18 dBFS RMS over the whole clip is how loud speech arrives from a telephone.
level_db=-18

../../../node_modules/.bin/bun clips.ts >"$scratch/list"
while IFS="$(printf '\t')" read -r name voice words; do
  flite -voice "$voice" -t "$words" -o "$scratch/spoken.wav" </dev/null
  # The telephone's band, then silence off both ends, then 50 ms put back, so that a cut never clicks.
  sox -D -G "$scratch/spoken.wav" -r 8000 "$scratch/line.wav" sinc 300-3400 \
    silence 1 0.02 0.5% reverse silence 1 0.02 0.5% reverse pad 0.05 0.05
  rms_db=$(sox "$scratch/line.wav" -n stats 2>&1 | awk '/^RMS lev dB/ { print $4 }')
  gain_db=$(awk -v want="$level_db" -v have="$rms_db" 'BEGIN { print want - have }')
  # gain -l limits the peaks instead of clipping them; -D leaves out the dither, so that the bytes come out the same.
  sox -D "$scratch/line.wav" -t raw -r 8000 -c 1 -e mu-law "$name.ulaw" gain -l "$gain_db"
  echo "$name: $(($(wc -c <"$name.ulaw") / 8)) ms"
done <"$scratch/list"
