/** What callers say in answer to a question, in their own languages: plainly yes, plainly no, and neither. */

export type Phrases = {
  readonly yes: readonly [string, ...string[]];
  readonly no: readonly [string, ...string[]];
  readonly question: readonly [string, ...string[]];
  /** A yes to something else than what was asked. */
  readonly but: readonly [string, ...string[]];
};

const ENGLISH: Phrases = {
  yes: ["Yes.", "Yes, please.", "Sure, go ahead.", "Yes, do it."],
  no: ["No.", "No, don't.", "Stop."],
  question: ["Who is that?", "What does it say?", "Is that really necessary?"],
  but: ["Yes, but to Bob instead.", "Tomorrow maybe.", "Yes, and what about the other one?"],
};

type Speaker = { readonly language: string | undefined; readonly phrases: Phrases };

export const SPEAKERS: readonly [Speaker, ...Speaker[]] = [
  { language: undefined, phrases: ENGLISH },
  { language: "en-GB", phrases: ENGLISH },
  {
    language: "de-DE",
    phrases: {
      yes: ["Ja.", "Ja, bitte.", "Genau, mach das."],
      no: ["Nein.", "Nein, lass das.", "Auf keinen Fall."],
      question: ["Wer ist das?", "Was steht da drin?"],
      but: ["Ja, aber an Bernd.", "Vielleicht morgen."],
    },
  },
  {
    language: "fr-FR",
    phrases: {
      yes: ["Oui.", "Oui, vas-y.", "Oui, s'il te plaît."],
      no: ["Non.", "Non, laisse tomber."],
      question: ["C'est qui ?", "Qu'est-ce que ça dit ?"],
      but: ["Oui, mais à Bernard.", "Peut-être demain."],
    },
  },
  {
    language: "es-ES",
    phrases: {
      yes: ["Sí.", "Sí, claro.", "Sí, hazlo."],
      no: ["No.", "No, cancela."],
      question: ["¿Quién es?", "¿Qué pone?"],
      but: ["Sí, pero a Bernardo.", "Quizás mañana."],
    },
  },
  {
    language: "it-IT",
    phrases: {
      yes: ["Sì.", "Sì, va bene.", "Sì, procedi."],
      no: ["No.", "No, lascia stare."],
      question: ["Chi è?", "Cosa c'è scritto?"],
      but: ["Sì, ma a Bernardo.", "Forse domani."],
    },
  },
  {
    language: "pt-PT",
    phrases: {
      yes: ["Sim.", "Sim, claro.", "Sim, pode enviar."],
      no: ["Não.", "Não, cancela."],
      question: ["Quem é?", "O que diz?"],
      but: ["Sim, mas ao Bernardo.", "Talvez amanhã."],
    },
  },
  {
    language: "nl-NL",
    phrases: {
      yes: ["Ja.", "Ja, doe maar.", "Ja, graag."],
      no: ["Nee.", "Nee, laat maar."],
      question: ["Wie is dat?", "Wat staat erin?"],
      but: ["Ja, maar aan Bernard.", "Misschien morgen."],
    },
  },
  // None of those that the house speaks: it is asked, and understood, in English.
  { language: "ja-JP", phrases: ENGLISH },
];

/** What a transcriber makes of a cough. */
export const COUGHS = ["", "Hm.", "Ähm...", "[cough]", "Mm-hmm."] as const;
