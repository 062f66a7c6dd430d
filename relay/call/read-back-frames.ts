/**
 * The words around what is read back, in each language that the house speaks: what the relay says itself, where the
 * values of a request leave gaps. No word of a request is in here, and none of it comes from anybody else.
 */
import { LANGUAGES, type Language } from "./spoken-words.ts";

/** Arguments that most tools have, and that are called alike everywhere. Others are said by their own names. */
export type KnownLabel =
  | "to"
  | "cc"
  | "bcc"
  | "subject"
  | "title"
  | "content"
  | "message"
  | "amount"
  | "date"
  | "instructions";

export type Frame = {
  /** The relay's own question: always the last words, and only said once. */
  readonly closing: string;
  /** Small words that a reader may put into the question, or around a name, without changing it. */
  readonly slips: string;
  /** Spoken first; the others mean the same where they are heard. */
  readonly at: readonly string[];
  readonly dot: readonly string[];
  readonly hyphen: readonly string[];
  readonly underscore: readonly string[];
  readonly plus: readonly string[];
  readonly minus: string;
  readonly decimal: "." | ",";
  /** From nought to nine, with the forms that are said on the telephone. */
  readonly digits: readonly string[];
  readonly labels: Readonly<Record<KnownLabel, string>>;
  readonly yes: string;
  readonly no: string;
  readonly empty: string;
  readonly leftEmpty: string;
  readonly linkTo: string;
  readonly moreWords: (count: number) => string;
  readonly moreCharacters: (count: number) => string;
  /** Of a list: recipients, dates, whatever it is a list of. */
  readonly moreOfThem: (count: number) => string;
  /** Arguments. `who`: of those, how many say whom it reaches. */
  readonly notRead: (count: number, who: number) => string;
  readonly aboutKeys: (words: number) => string;
  readonly unreadable: string;
  readonly oddLetters: string;
  readonly character: (code: number) => string;
  readonly unnamed: string;
};

const FRAMES: Readonly<Record<Language, Frame>> = {
  en: {
    closing: "Press 1 to do it, 2 to cancel.",
    slips: "and or with please press the",
    at: ["at"],
    dot: ["dot", "period", "point"],
    hyphen: ["dash", "hyphen"],
    underscore: ["underscore"],
    plus: ["plus"],
    minus: "minus",
    decimal: ".",
    digits: ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    labels: {
      to: "To",
      cc: "Copy to",
      bcc: "Hidden copy to",
      subject: "Subject",
      title: "Title",
      content: "Content",
      message: "Message",
      amount: "Amount",
      date: "Date",
      instructions: "Instructions",
    },
    yes: "yes",
    no: "no",
    empty: "empty",
    leftEmpty: "Left empty",
    linkTo: "a link to",
    moreWords: (count) => (count === 1 ? "and 1 more word" : `and ${count} more words`),
    moreCharacters: (count) => (count === 1 ? "and 1 more character" : `and ${count} more characters`),
    moreOfThem: (count) => `and ${count} more of them`,
    notRead: (count, who) =>
      `${count === 1 ? "1 further detail is" : `${count} further details are`} not read out${who === 0 ? "" : `, ${who} of which may say who gets it`}`,
    aboutKeys: (words) =>
      `a text that speaks of pressing keys, ${words} ${words === 1 ? "word" : "words"} long`,
    unreadable: "with signs that cannot be read out",
    oddLetters: "with unusual letters in it",
    character: (code) => `character ${code}`,
    unnamed: "Without a name",
  },
  de: {
    closing: "Drücke 1, um es zu tun, 2, um abzubrechen.",
    slips: "und oder mit bitte drücke die",
    at: ["at", "ät"],
    dot: ["Punkt", "dot"],
    hyphen: ["Bindestrich", "Minus", "dash"],
    underscore: ["Unterstrich", "underscore"],
    plus: ["plus"],
    minus: "minus",
    decimal: ",",
    digits: ["null", "eins", "zwei|zwo", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"],
    labels: {
      to: "An",
      cc: "Kopie an",
      bcc: "Blindkopie an",
      subject: "Betreff",
      title: "Titel",
      content: "Inhalt",
      message: "Nachricht",
      amount: "Betrag",
      date: "Datum",
      instructions: "Anweisungen",
    },
    yes: "ja",
    no: "nein",
    empty: "leer",
    leftEmpty: "Leer gelassen",
    linkTo: "ein Link zu",
    moreWords: (count) => (count === 1 ? "und 1 weiteres Wort" : `und ${count} weitere Wörter`),
    moreCharacters: (count) => `und ${count} weitere Zeichen`,
    moreOfThem: (count) => `und ${count} weitere davon`,
    notRead: (count, who) =>
      `${count === 1 ? "1 weitere Angabe wird" : `${count} weitere Angaben werden`} nicht vorgelesen${who === 0 ? "" : `, ${who} davon können sagen, wer es bekommt`}`,
    aboutKeys: (words) => `ein Text, der vom Drücken von Tasten spricht, Länge ${words}`,
    unreadable: "mit Zeichen, die man nicht vorlesen kann",
    oddLetters: "mit ungewöhnlichen Buchstaben darin",
    character: (code) => `Zeichen ${code}`,
    unnamed: "Ohne Namen",
  },
  fr: {
    closing: "Appuyez sur 1 pour le faire, sur 2 pour annuler.",
    slips: "et ou avec appuyez la le touche",
    at: ["arobase", "at"],
    dot: ["point", "dot"],
    hyphen: ["tiret"],
    underscore: ["underscore"],
    plus: ["plus"],
    minus: "moins",
    decimal: ",",
    digits: ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
    labels: {
      to: "À",
      cc: "Copie à",
      bcc: "Copie cachée à",
      subject: "Objet",
      title: "Titre",
      content: "Contenu",
      message: "Message",
      amount: "Montant",
      date: "Date",
      instructions: "Instructions",
    },
    yes: "oui",
    no: "non",
    empty: "vide",
    leftEmpty: "Laissés vides",
    linkTo: "un lien vers",
    moreWords: (count) => (count === 1 ? "et encore 1 mot" : `et encore ${count} mots`),
    moreCharacters: (count) => (count === 1 ? "et encore 1 caractère" : `et encore ${count} caractères`),
    moreOfThem: (count) => `et encore ${count} de plus`,
    notRead: (count, who) =>
      `${count === 1 ? "1 autre information n'est pas lue" : `${count} autres informations ne sont pas lues`}${who === 0 ? "" : `, dont ${who} peuvent dire qui le reçoit`}`,
    aboutKeys: (words) => `un texte qui parle d'appuyer sur des touches, longueur ${words}`,
    unreadable: "avec des signes qui ne peuvent pas être lus",
    oddLetters: "avec des lettres inhabituelles",
    character: (code) => `caractère ${code}`,
    unnamed: "Sans nom",
  },
  es: {
    closing: "Pulse 1 para hacerlo, 2 para cancelar.",
    slips: "y o con pulse el la por favor",
    at: ["arroba", "at"],
    dot: ["punto", "dot"],
    hyphen: ["guion", "guión"],
    underscore: ["guion bajo", "underscore"],
    plus: ["más"],
    minus: "menos",
    decimal: ",",
    digits: ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
    labels: {
      to: "Para",
      cc: "Copia para",
      bcc: "Copia oculta para",
      subject: "Asunto",
      title: "Título",
      content: "Contenido",
      message: "Mensaje",
      amount: "Importe",
      date: "Fecha",
      instructions: "Instrucciones",
    },
    yes: "sí",
    no: "no",
    empty: "vacío",
    leftEmpty: "Vacíos",
    linkTo: "un enlace a",
    moreWords: (count) => (count === 1 ? "y 1 palabra más" : `y ${count} palabras más`),
    moreCharacters: (count) => (count === 1 ? "y 1 carácter más" : `y ${count} caracteres más`),
    moreOfThem: (count) => `y otros ${count}`,
    notRead: (count, who) =>
      `${count === 1 ? "1 dato más no se lee" : `${count} datos más no se leen`}${who === 0 ? "" : `, ${who} de ellos pueden decir quién lo recibe`}`,
    aboutKeys: (words) => `un texto que habla de pulsar teclas, longitud ${words}`,
    unreadable: "con signos que no se pueden leer",
    oddLetters: "con letras poco comunes",
    character: (code) => `carácter ${code}`,
    unnamed: "Sin nombre",
  },
  it: {
    closing: "Premi 1 per farlo, 2 per annullare.",
    slips: "e o con premi il la per favore",
    at: ["chiocciola", "at"],
    dot: ["punto", "dot"],
    hyphen: ["trattino"],
    underscore: ["underscore"],
    plus: ["più"],
    minus: "meno",
    decimal: ",",
    digits: ["zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"],
    labels: {
      to: "A",
      cc: "Copia a",
      bcc: "Copia nascosta a",
      subject: "Oggetto",
      title: "Titolo",
      content: "Contenuto",
      message: "Messaggio",
      amount: "Importo",
      date: "Data",
      instructions: "Istruzioni",
    },
    yes: "sì",
    no: "no",
    empty: "vuoto",
    leftEmpty: "Lasciati vuoti",
    linkTo: "un link a",
    moreWords: (count) => (count === 1 ? "e ancora 1 parola" : `e ancora ${count} parole`),
    moreCharacters: (count) => (count === 1 ? "e ancora 1 carattere" : `e ancora ${count} caratteri`),
    moreOfThem: (count) => `e altri ${count}`,
    notRead: (count, who) =>
      `${count === 1 ? "1 altro dato non viene letto" : `${count} altri dati non vengono letti`}${who === 0 ? "" : `, ${who} di questi possono dire chi lo riceve`}`,
    aboutKeys: (words) => `un testo che parla di premere tasti, lunghezza ${words}`,
    unreadable: "con segni che non si possono leggere",
    oddLetters: "con lettere insolite",
    character: (code) => `carattere ${code}`,
    unnamed: "Senza nome",
  },
  pt: {
    closing: "Prima 1 para o fazer, 2 para cancelar.",
    slips: "e ou com prima o a por favor",
    at: ["arroba", "at"],
    dot: ["ponto", "dot"],
    hyphen: ["hífen", "traço"],
    underscore: ["sublinhado", "underscore"],
    plus: ["mais"],
    minus: "menos",
    decimal: ",",
    digits: ["zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove"],
    labels: {
      to: "Para",
      cc: "Cópia para",
      bcc: "Cópia oculta para",
      subject: "Assunto",
      title: "Título",
      content: "Conteúdo",
      message: "Mensagem",
      amount: "Montante",
      date: "Data",
      instructions: "Instruções",
    },
    yes: "sim",
    no: "não",
    empty: "vazio",
    leftEmpty: "Deixados em branco",
    linkTo: "uma ligação para",
    moreWords: (count) => (count === 1 ? "e outra palavra" : `e outras ${count} palavras`),
    moreCharacters: (count) => (count === 1 ? "e outro carácter" : `e outros ${count} caracteres`),
    moreOfThem: (count) => `e outros ${count}`,
    notRead: (count, who) =>
      `${count === 1 ? "1 outro dado não é lido" : `${count} outros dados não são lidos`}${who === 0 ? "" : `, ${who} dos quais podem dizer quem o recebe`}`,
    aboutKeys: (words) => `um texto que fala de premir teclas, comprimento ${words}`,
    unreadable: "com sinais que não se podem ler",
    oddLetters: "com letras invulgares",
    character: (code) => `carácter ${code}`,
    unnamed: "Sem nome",
  },
  nl: {
    closing: "Druk op 1 om het te doen, op 2 om te annuleren.",
    slips: "en of met druk de alsjeblieft",
    at: ["apenstaartje", "at"],
    dot: ["punt", "dot"],
    hyphen: ["streepje", "koppelteken"],
    underscore: ["underscore"],
    plus: ["plus"],
    minus: "min",
    decimal: ",",
    digits: ["nul", "een|één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen"],
    labels: {
      to: "Aan",
      cc: "Kopie aan",
      bcc: "Verborgen kopie aan",
      subject: "Onderwerp",
      title: "Titel",
      content: "Inhoud",
      message: "Bericht",
      amount: "Bedrag",
      date: "Datum",
      instructions: "Instructies",
    },
    yes: "ja",
    no: "nee",
    empty: "leeg",
    leftEmpty: "Leeg gelaten",
    linkTo: "een link naar",
    moreWords: (count) => (count === 1 ? "en nog 1 woord" : `en nog ${count} woorden`),
    moreCharacters: (count) => (count === 1 ? "en nog 1 teken" : `en nog ${count} tekens`),
    moreOfThem: (count) => `en nog ${count} andere`,
    notRead: (count, who) =>
      `${count === 1 ? "1 ander gegeven wordt" : `${count} andere gegevens worden`} niet voorgelezen${who === 0 ? "" : `, waarvan ${who} kunnen zeggen wie het krijgt`}`,
    aboutKeys: (words) => `een tekst die over het indrukken van toetsen gaat, lengte ${words}`,
    unreadable: "met tekens die niet voorgelezen kunnen worden",
    oddLetters: "met ongewone letters",
    character: (code) => `teken ${code}`,
    unnamed: "Zonder naam",
  },
};

export type Spoken = { readonly language: Language; readonly frame: Frame };

/** @param language BCP 47, as in the caller's profile; English for what we do not speak */
export function spokenIn(language: string | undefined): Spoken {
  const base = language?.toLowerCase().split("-")[0];
  const own = LANGUAGES.find((known) => known === base) ?? "en";
  return { language: own, frame: FRAMES[own] };
}

/** In which language something was written that ends with the question; no two are alike. */
export function spokenBy(words: string): Frame | undefined {
  const own = LANGUAGES.find((language) => words.endsWith(FRAMES[language].closing));
  return own === undefined ? undefined : FRAMES[own];
}

/** The digits as words, of all languages: a caller may understand more than one. */
export const EVERY_DIGIT: ReadonlySet<string> = new Set(
  LANGUAGES.flatMap((language) => FRAMES[language].digits.flatMap((word) => word.split("|"))),
);
