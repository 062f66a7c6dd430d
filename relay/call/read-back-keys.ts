/**
 * Whether a text could be taken for a question that is answered with a key, in any language that the house speaks. It
 * errs on the side of yes: a text that is then only mentioned can be asked for again, a key that was pressed cannot.
 */
import { EVERY_DIGIT } from "./read-back-frames.ts";

const folded = (text: string): string => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** Without accents, so that "drucke" is "drücke". */
const KEYS = words(`
  press pressed presses pressing dial dialed dialing dialled dialling dials keypad keystroke
  druck drucke drucken druckst druckt drueck druecke druecken drueckt tasten tippe tippen tippst wahle wahlen waehle waehlen
  appuie appuient appuyant appuyer appuyez touche touches tapez pressez composez
  pulse pulsa pulsad pulsando pulsar pulsen presiona presionar presione presionen oprima oprimir marque marcar tecla teclas
  teclee teclea teclear apriete aprieta
  premi premere premete prema premendo premuto schiaccia schiacciare tasti tasto tastiera digita digitare digitate digiti
  premir pressiona pressionar pressione carregue carregar aperta apertar aperte digite tecle teclar
  druk drukken drukt indrukken toets toetsen`);
/** Said of much else too: only close to a digit. */
const PERHAPS_KEYS = words(`
  button buttons choose enter hit key keys kies marca prima punch push select tap tape taste toque`);
const KEY_NAMES = words(
  "almohadilla asterisk cancelletto diese etoile hash hekje pound raute star sternchen",
);
const DIGITS: ReadonlySet<string> = new Set([...EVERY_DIGIT].map(folded));

const FAR = 8;
const NEAR = 3;

const isKeyWord = (word: string): boolean => KEYS.has(word) || PERHAPS_KEYS.has(word);
const isKeyName = (word: string): boolean => /^\p{N}$/u.test(word) || DIGITS.has(word) || KEY_NAMES.has(word);

/** "pr-ess" is heard as "press", and "press-1" as two words. */
const readings = (text: string): ReadonlyArray<readonly string[]> =>
  ["", " "].map(
    (hyphen) =>
      folded(text)
        .replace(/-/g, hyphen)
        .match(/\p{L}+|\p{N}+/gu) ?? [],
  );

/** Of pressing something and, not far from it, of a key. @param far of words, at most */
export const speaksOfKeys = (text: string, far = FAR): boolean =>
  readings(text).some((all) =>
    all.some((word, at) => {
      const reach = KEYS.has(word) ? far : PERHAPS_KEYS.has(word) ? Math.min(NEAR, far) : 0;
      return reach > 0 && all.slice(Math.max(0, at - reach), at + reach + 1).some(isKeyName);
    }),
  );

/** Of pressing something, or perhaps of that. */
export const mentionsKeys = (text: string): boolean => readings(text).some((all) => all.some(isKeyWord));
