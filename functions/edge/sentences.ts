/**
 * Every sentence that Twilio's own voice says for us, in the languages that we speak; the one of `/voice/fallback` is
 * repeated there, because that file must need nothing but itself. Nothing here names a caller.
 */
import type { Verb } from "./twiml.ts";

type Sentences = {
  /** Nobody took the call: the relay is down or full, or the edge is not set up. */
  readonly unavailable: string;
  /** The conversation had begun, and broke. */
  readonly lost: string;
  /** The relay does not answer, and is asked again. */
  readonly oneMoment: string;
  /** Behind an apology. */
  readonly leaveMessage: string;
  readonly messageTaken: string;
  readonly askPin: string;
  readonly askPinAgain: string;
  readonly noPin: string;
  readonly wrongPin: string;
  readonly lockedPin: string;
};
export type Sentence = keyof Sentences;

const ENGLISH: Sentences = {
  unavailable: "Your assistant is not available right now, please call back.",
  lost: "Sorry, I lost the connection to your assistant. Please call back.",
  oneMoment: "One moment, please.",
  leaveMessage: "You can leave a message after the tone. Press the pound key when you are done.",
  messageTaken: "Thank you, your message has been recorded. Goodbye.",
  askPin: "Please enter your PIN, then press the pound key.",
  askPinAgain: "That was not right. Please enter your PIN again, then press the pound key.",
  noPin: "I did not get a PIN. Goodbye.",
  wrongPin: "That was not right. Goodbye.",
  lockedPin: "There were too many wrong PINs. Please try again later. Goodbye.",
};

/** By the language's own subtag. */
const BY_LANGUAGE: ReadonlyMap<string, Sentences> = new Map([
  ["en", ENGLISH],
  [
    "de",
    {
      unavailable: "Dein Assistent ist gerade nicht erreichbar. Bitte ruf noch einmal an.",
      lost: "Die Verbindung zu deinem Assistenten ist leider abgebrochen. Bitte ruf noch einmal an.",
      oneMoment: "Einen Moment bitte.",
      leaveMessage:
        "Du kannst nach dem Ton eine Nachricht hinterlassen. Drücke die Rautetaste, wenn du fertig bist.",
      messageTaken: "Danke, deine Nachricht ist aufgenommen. Auf Wiederhören.",
      askPin: "Bitte gib deine PIN ein und drücke dann die Rautetaste.",
      askPinAgain:
        "Das war nicht richtig. Bitte gib deine PIN noch einmal ein und drücke dann die Rautetaste.",
      noPin: "Ich habe keine PIN erhalten. Auf Wiederhören.",
      wrongPin: "Das war nicht richtig. Auf Wiederhören.",
      lockedPin: "Es gab zu viele falsche PINs. Bitte versuche es später noch einmal. Auf Wiederhören.",
    },
  ],
  [
    "fr",
    {
      unavailable: "Votre assistant n'est pas disponible pour le moment. Veuillez rappeler.",
      lost: "Désolé, j'ai perdu la connexion avec votre assistant. Veuillez rappeler.",
      oneMoment: "Un instant, s'il vous plaît.",
      leaveMessage:
        "Vous pouvez laisser un message après le bip. Appuyez sur la touche dièse lorsque vous avez terminé.",
      messageTaken: "Merci, votre message a été enregistré. Au revoir.",
      askPin: "Veuillez saisir votre code PIN, puis appuyez sur la touche dièse.",
      askPinAgain:
        "Ce n'était pas le bon code. Veuillez saisir de nouveau votre code PIN, puis appuyez sur la touche dièse.",
      noPin: "Je n'ai pas reçu de code PIN. Au revoir.",
      wrongPin: "Ce n'était pas le bon code. Au revoir.",
      lockedPin: "Trop de codes PIN erronés ont été saisis. Veuillez réessayer plus tard. Au revoir.",
    },
  ],
  [
    "es",
    {
      unavailable: "Su asistente no está disponible en este momento. Por favor, vuelva a llamar.",
      lost: "Lo siento, he perdido la conexión con su asistente. Por favor, vuelva a llamar.",
      oneMoment: "Un momento, por favor.",
      leaveMessage: "Puede dejar un mensaje después de la señal. Pulse la tecla almohadilla cuando termine.",
      messageTaken: "Gracias, su mensaje ha quedado grabado. Adiós.",
      askPin: "Por favor, introduzca su PIN y pulse la tecla almohadilla.",
      askPinAgain: "No era correcto. Por favor, introduzca su PIN de nuevo y pulse la tecla almohadilla.",
      noPin: "No he recibido ningún PIN. Adiós.",
      wrongPin: "No era correcto. Adiós.",
      lockedPin: "Ha habido demasiados PIN incorrectos. Por favor, inténtelo más tarde. Adiós.",
    },
  ],
  [
    "it",
    {
      unavailable: "Il tuo assistente non è disponibile al momento. Per favore, richiama.",
      lost: "Mi dispiace, ho perso la connessione con il tuo assistente. Per favore, richiama.",
      oneMoment: "Un momento, per favore.",
      leaveMessage:
        "Puoi lasciare un messaggio dopo il segnale. Premi il tasto cancelletto quando hai finito.",
      messageTaken: "Grazie, il tuo messaggio è stato registrato. Arrivederci.",
      askPin: "Inserisci il tuo PIN, poi premi il tasto cancelletto.",
      askPinAgain: "Non era corretto. Inserisci di nuovo il tuo PIN, poi premi il tasto cancelletto.",
      noPin: "Non ho ricevuto alcun PIN. Arrivederci.",
      wrongPin: "Non era corretto. Arrivederci.",
      lockedPin: "Ci sono stati troppi PIN errati. Riprova più tardi. Arrivederci.",
    },
  ],
  [
    "pt",
    {
      unavailable: "O seu assistente não está disponível neste momento. Por favor, volte a ligar.",
      lost: "Lamento, perdi a ligação com o seu assistente. Por favor, volte a ligar.",
      oneMoment: "Um momento, por favor.",
      leaveMessage: "Pode deixar uma mensagem depois do sinal. Prima a tecla cardinal quando terminar.",
      messageTaken: "Obrigado, a sua mensagem ficou gravada. Adeus.",
      askPin: "Por favor, introduza o seu PIN e prima a tecla cardinal.",
      askPinAgain: "Não estava certo. Por favor, introduza novamente o seu PIN e prima a tecla cardinal.",
      noPin: "Não recebi nenhum PIN. Adeus.",
      wrongPin: "Não estava certo. Adeus.",
      lockedPin: "Houve demasiados PIN errados. Por favor, tente mais tarde. Adeus.",
    },
  ],
  [
    "nl",
    {
      unavailable: "Je assistent is op dit moment niet beschikbaar. Bel alsjeblieft terug.",
      lost: "Sorry, ik ben de verbinding met je assistent kwijt. Bel alsjeblieft terug.",
      oneMoment: "Een ogenblik, alsjeblieft.",
      leaveMessage: "Je kunt na de toon een bericht inspreken. Druk op het hekje als je klaar bent.",
      messageTaken: "Bedankt, je bericht is opgenomen. Tot ziens.",
      askPin: "Voer je pincode in en druk daarna op het hekje.",
      askPinAgain: "Dat klopte niet. Voer je pincode opnieuw in en druk daarna op het hekje.",
      noPin: "Ik heb geen pincode ontvangen. Tot ziens.",
      wrongPin: "Dat klopte niet. Tot ziens.",
      lockedPin: "Er zijn te veel verkeerde pincodes ingevoerd. Probeer het later opnieuw. Tot ziens.",
    },
  ],
]);

/** What Twilio's <Say> calls them: https://www.twilio.com/docs/voice/twiml/say#attributes-language */
const VOICES: ReadonlyMap<string, string> = new Map([
  ["en", "en-US"],
  ["en-gb", "en-GB"],
  ["en-au", "en-AU"],
  ["en-in", "en-IN"],
  ["de", "de-DE"],
  ["fr", "fr-FR"],
  ["fr-ca", "fr-CA"],
  ["es", "es-ES"],
  ["es-mx", "es-MX"],
  ["es-us", "es-US"],
  ["it", "it-IT"],
  ["pt", "pt-PT"],
  ["pt-br", "pt-BR"],
  ["nl", "nl-NL"],
]);

export type Say = Extract<Verb, { verb: "say" }>;

/** @param language BCP 47, as in the caller's profile; English for what we do not speak */
export function spoken(sentence: Sentence, language = "en"): Say {
  const tag = language.toLowerCase();
  const base = tag.split("-")[0] ?? "";
  const sentences = BY_LANGUAGE.get(base);
  if (sentences === undefined) return { verb: "say", language: "en-US", text: ENGLISH[sentence] };
  return {
    verb: "say",
    language: VOICES.get(tag) ?? VOICES.get(base) ?? "en-US",
    text: sentences[sentence],
  };
}

/** The last words of a call. */
export const farewell = (sentence: Sentence, language?: string): readonly Verb[] => [
  spoken(sentence, language),
  { verb: "hangup" },
];
