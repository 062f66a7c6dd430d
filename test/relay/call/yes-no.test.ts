import { describe, expect, test } from "bun:test";
import { LANGUAGES, wordsIn } from "../../../relay/call/spoken-words.ts";
import { answerIn } from "../../../relay/call/yes-no.ts";
import { MEANINGS, PHRASES } from "../../../relay/call/yes-no-words.ts";

/** A turn a piece, between bars. */
const turns = (table: string): readonly [string][] =>
  table.split(/[|\n]/).flatMap((turn): [string][] => (turn.trim() === "" ? [] : [[turn.trim()]]));

function all(language: string | undefined, answer: ReturnType<typeof answerIn>, table: string): void {
  test.each(turns(table))(`${language ?? "no language"}, ${answer}: %s`, (turn) => {
    expect(answerIn(turn, language)).toBe(answer);
  });
}

describe("English", () => {
  all(
    "en",
    "yes",
    `yes | Yes. | YES! | Yes, please. | yeah yeah | Yeah, do it. | Go ahead. | Please go ahead. | Sure, send it. | ok | Okay.
     O.K. | Okay, go ahead and send it. | Alright. | All right, do it. | Yes, that's right. | Of course. | Yes, of course, thanks.
     Yes, why not. | Yes, no problem. | Yep! | Yup. | Absolutely. | Please do. | Oh, yes. | Um, yes. | Yes, send it now.
     Yes, please send the email. | Yes, you can send it. | Correct. | That’s correct. | Yesss! | Yeahhh, sure.
     Sounds good. | That would be great. | Yes, delete it. | Sure thing, thank you. | Ok then. | Yes yes yes. | "Yes." | I agree.
     Yes, I'd like that. | Confirm. | Okay, thank you. | No problem, go ahead. | Yes, no changes. | Not a problem, do it. | yes, just do it | Uh, yeah, go for it.`,
  );
  all(
    "en",
    "no",
    `no | No. | NO! | Nope. | Nah. | No, thank you. | No thanks. | Don't. | Don’t send it! | dont do it | Do not send that.
     Stop. | Stop! Stop! | Cancel. | Cancel it. | Never mind. | Nevermind. | Forget it. | Okay, stop. | OK, no. | Alright, cancel that.
     Yes, actually don't. | Yes, I mean, don't send it. | I changed my mind. | I'd rather not. | Not now. | I don't think so.
     No, wait, what was that? | No, send it to Bob instead. | Absolutely not. | Of course not. | Certainly not. | Leave it. | Nooo!
     no-no-no | N-no. | Abort. | No way. | Don't worry about it. | Hmm, no. | That's not right. | Yes, but not to Anna.`,
  );
  all(
    "en",
    "neither",
    `. | ... | Yesterday. | Eyes. | Yes? | Okay? | yes no | No, yes. | Yes... no. | No, go ahead. | Yes, but change the time.
     Yes, and also add eggs. | Yes, to Bob. | Yes, send it to Bob. | Yes, tomorrow. | Yes, make it two. | Sure, but first read it to me.
     Yes, cancel it. | Yes, stop it. | wait | Wait, wait. | Hold on. | Yes, wait. | Not yet. | Yes, not yet. | hmm | Hmmm. | Mm-hmm.
     Mhm. | uh-huh | Uh-uh. | Uh. | Um... | What does it say? | Who is it for? | Can you read it again? | Is that a yes? | Thank you.
     Thanks. | Thank you very much. | Please. | Bye. | Great. | Perfect. | Right. | That's fine. | No problem. | Why not. | I don't know.
     I'm not sure. | Yes, I guess. | I guess so. | Maybe. | Probably. | Yes... | Yes… | Yes, | Yes – | Yeah, so | Send it. | Yes, read it.
     Yes, save it. | Yes, change it. | Yes, later. | Did she say yes? | Anna said yes. | She said "okay". | Say yes. | Yes or no?
     Yes, if it's Anna. | Yes, unless she wrote back. | Yes, $50. | Yes, 50. | 1 | One. | [Music] | (coughs) | [inaudible] yes
     Thanks for watching! | Yes Mum, I'm coming. | Yes, hello? | I'm sure. | Are you sure? | Make sure it's the right one. | Yes, what else?
     Yes, don't forget the attachment. | I know. | Go on. | Yeah, right. | Okay, that's all. | Oh, okay. | Ah, okay. | No objections. | Yes? Yes. | да | はい | Tak. | 👍 | Yes 👎`,
  );

  test("silence is neither", () => {
    for (const silence of ["", " ", "\n", "\u200b"]) expect(answerIn(silence, "en")).toBe("neither");
  });

  test("letters of any width and form are read, look-alikes from other alphabets are not", () => {
    expect(answerIn("ＹＥＳ．", "en")).toBe("yes");
    expect(answerIn("si\u0301", "es")).toBe("yes");
    expect(answerIn("\u0443es", "en")).toBe("neither");
    expect(answerIn("y\u200bes", "en")).toBe("neither");
  });
});

describe("German", () => {
  all(
    "de",
    "yes",
    `Ja. | Ja, bitte. | ja ja | Jaaa! | Ja, gerne. | Gerne. | Na klar. | Alles klar. | Genau. | Ja, genau. | In Ordnung. | Okay, mach das.
     Mach's. | Ja, schick es ab. | Ja, füg es hinzu. | Ja, das stimmt. | Natürlich. | Auf jeden Fall. | Ja, warum nicht. | Ja, gut. | Passt.
     Einverstanden, danke. | Machen Sie das bitte. | Ja, kein Problem. | Yes, bitte. | Ja, please. | Go ahead. | JA! | Ähm, ja. | Ja, keine Einwände. | Ja, doch.`,
  );
  all(
    "de-CH",
    "no",
    `Nein. | Nein, danke. | Nee. | Nö. | Stopp! | Halt! | Abbrechen. | Nicht senden. | Ja, aber nicht an Anna. | Lieber nicht. | Lass es.
     Vergiss es. | Schon gut. | Auf keinen Fall. | Alles klar, stopp. | Okay, nein. | Bitte nicht. | Bloß nicht! | No. | Don't. | Nicht jetzt.`,
  );
  all(
    "de",
    "neither",
    `Ja, aber ändere die Zeit. | Ja, und auch Eier. | Ja nein. | Nein, ja. | Noch nicht. | Weiß nicht. | Ich weiß es nicht. | Na ja. | Naja.
     Tja. | Ja? | Was steht drin? | Danke. | Bitte. | Gut. | Moment. | Warte mal. | Ja, warte. | Vielleicht. | Ja, an Bob. | Jahr. | Januar.
     Mach's gut. | Machs gut! | Schick es ab. | Ja, lies es vor. | Hm. | Kein Problem. | Tschüss. | Oui. | Ja, morgen. | Keine Ahnung. | Passt schon.`,
  );
});

describe("French", () => {
  all(
    "fr",
    "yes",
    `Oui. | Oui, s'il vous plaît. | Ouais. | D'accord. | D’accord, merci. | Vas-y. | Allez-y. | Bien sûr. | Tout à fait. | C'est ça.
     Oui, envoie-le. | Oui, envoyez le mail. | Oui, pas de problème. | Oui oui. | Ok, vas-y. | C'est exact. | Volontiers. | Je veux bien.
     Oui, pourquoi pas. | Yes.`,
  );
  all(
    "fr-CA",
    "no",
    `Non. | Non merci. | Non, c'est bon. | Surtout pas. | N'envoie pas ça. | Arrête. | Annule. | Laisse tomber. | Pas maintenant.
     D'accord, non. | Jamais. | Oui, mais pas à Anna. | J'ai changé d'avis. | Pas du tout.`,
  );
  all(
    "fr",
    "neither",
    `Oui ? | Oui non. | Oui, mais change l'heure. | Attends. | Attendez. | Pas encore. | Je ne sais pas. | J'sais pas. | Euh... | Merci.
     C'est bon. | Si. | Peut-être. | Qu'est-ce que ça dit ? | Oui, demain. | Oui, à Bob. | Envoie-le. | Ouistiti. | Oui, annule. | Sí.`,
  );
});

describe("Spanish", () => {
  all(
    "es",
    "yes",
    `Sí. | Si. | Sí, por favor. | Claro. | Claro que sí. | Vale. | Vale, hazlo. | De acuerdo. | Adelante. | Por supuesto. | Sí, envíalo.
     Está bien. | Sí, no hay problema. | Sí, cómo no. | Exacto. | ¡Sí! | Dale. | Hágalo. | Sí, gracias.`,
  );
  all(
    "es-MX",
    "no",
    `No. | No, gracias. | Cancela. | Claro que no. | Vale, no. | No lo envíes. | Sí, no lo envíes. | Déjalo. | Olvídalo. | Mejor no. | Para nada.
     ¡Nunca! | No quiero. | ¿No? | Está bien, cancela.`,
  );
  all(
    "es",
    "neither",
    `¿Sí? | Sí, no. | Sí, pero cambia la hora. | Espera. | Todavía no. | Aún no. | No sé. | No lo sé. | Gracias. | ¿Qué dice? | Sí, mañana.
     Sí, a Bob. | Si quieres. | Envíalo. | Mmm. | Quizás. | ¿Seguro? | Seguro. | Sí, cancela. | Así. | Silencio.`,
  );
});

describe("Italian", () => {
  all(
    "it",
    "yes",
    `Sì. | Si. | Sì, grazie. | Va bene. | D'accordo. | Certo. | Certo che sì. | Sì, invialo. | Sì, procedi. | Esatto. | Volentieri.
     Sì, nessun problema. | Ok, vai pure. | Confermo. | Sì, perché no. | Sì sì.`,
  );
  all(
    "it",
    "no",
    `No. | No, grazie. | Non inviarlo. | Annulla. | Ferma. | Basta. | Lascia perdere. | Va bene, no. | No, va bene. | Certo che no.
     Assolutamente no. | Meglio di no. | Sì, ma non ad Anna. | Mai.`,
  );
  all(
    "it",
    "neither",
    `Sì? | Sì, no. | Sì, ma cambia l'ora. | Aspetta. | Un attimo. | Non ancora. | Non lo so. | Boh. | Grazie. | Prego. | Cosa dice?
     Sì, domani. | Va bene così. | Assolutamente. | Inviala. | Sì, cancellalo. | Forse.`,
  );
});

describe("Portuguese", () => {
  all(
    "pt-BR",
    "yes",
    `Sim. | Sim, por favor. | Claro. | Está bem. | Tá bom. | Pode. | Pode sim. | Pode enviar. | Isso mesmo. | Com certeza. | Sim, obrigado.
     Beleza. | Faça isso. | Quero. | Sim, sem problema. | Avança.`,
  );
  all(
    "pt",
    "no",
    `Não. | Nao. | Não, obrigada. | Cancela. | Não envie. | Sim, não envie. | Deixa pra lá. | Esquece. | Claro que não. | Tá bom, não.
     Com certeza não. | Pode parar. | Nunca.`,
  );
  all(
    "pt",
    "neither",
    `Sim? | Sim, não. | Sim, mas muda a hora. | Espera. | Ainda não. | Não sei. | Obrigado. | O que diz? | Sim, amanhã. | Pode ser.
     Pois não. | Talvez. | Simples. | Envia isso. | Já.`,
  );
});

describe("Dutch", () => {
  all(
    "nl",
    "yes",
    `Ja. | Ja, graag. | Ja hoor. | Prima. | Doe maar. | Is goed. | Ja, is goed. | Zeker. | Oké. | Natuurlijk. | Ja, stuur maar. | Akkoord.
     Ja, doe 't maar. | Klopt. | Ja, geen probleem. | Jazeker. | Ga je gang.`,
  );
  all(
    "nl-BE",
    "no",
    `Nee. | Neen. | Nee, dank je. | Stop. | Annuleren. | Laat maar. | Niet doen. | Doe maar niet. | Liever niet. | Zeker niet. | Prima, nee.
     Vergeet het maar. | Ja, maar niet aan Anna.`,
  );
  all(
    "nl",
    "neither",
    `Ja? | Ja, nee. | Ja, maar verander de tijd. | Wacht even. | Nog niet. | Weet ik niet. | Nou ja. | Dank je. | Wat staat erin?
     Ja, morgen. | Graag gedaan. | Misschien. | Stuur maar. | Jaar.`,
  );
});

describe("a caller whose profile names no language", () => {
  all(
    undefined,
    "yes",
    "Yes. | Ja. | Oui. | Sí. | Sì. | Sim. | Vale. | D'accord. | Is goed. | Ja, bitte. | Yes, por favor.",
  );
  all(undefined, "no", "No. | Nein. | Non. | Não. | Nee. | Ne. | Pas du tout. | Non inviarlo.");
  // French for "if".
  all(undefined, "neither", "Si. | Yes, si. | Yes, nein. | Ja, no. | Oui, no. | Hmm. | Thank you. | はい");
});

describe("a caller whose language is none of ours", () => {
  all("pl-PL", "yes", "Yes. | Okay.");
  // Polish "no" agrees; it is read as the English one.
  all("pl-PL", "no", "No. | Stop.");
  all("pl-PL", "neither", "Tak. | Ja. | Oui. | Nie.");
});

describe("whatever the language", () => {
  const yesses = LANGUAGES.flatMap((language) =>
    (PHRASES[language].yes ?? "")
      .split(/[,\n]/)
      .flatMap((yes) => (yes.trim() === "" ? [] : [{ language, yes }])),
  );

  test("its words for yes agree, written in any way", () => {
    for (const { language, yes } of yesses) {
      for (const turn of [yes, ` ${yes.toUpperCase()}! `, `${yes}, okay.`, yes.replaceAll("'", "’")]) {
        expect([turn, answerIn(turn, language)]).toEqual([turn, "yes"]);
      }
    }
  });

  test("no yes survives a word that is not known, a question, or being cut off", () => {
    for (const { language, yes } of yesses) {
      for (const turn of [`${yes} Bob`, `tomorrow ${yes}`, `${yes} 7`, `${yes}?`, `${yes}...`, `${yes} –`]) {
        expect([turn, answerIn(turn, language)]).not.toEqual([turn, "yes"]);
      }
    }
  });

  test("no yes survives a no, before or after it, and every no is one by itself", () => {
    for (const { language, yes } of yesses) {
      const refusals = `${PHRASES[language].no},${PHRASES[language].refusal}`.split(/[,\n]/);
      for (const no of refusals.map((each) => each.trim()).filter((each) => each !== "")) {
        expect([no, answerIn(no, language)]).toEqual([no, "no"]);
        for (const turn of [`${yes}, ${no}.`, `${no}, ${yes}.`]) {
          expect([turn, answerIn(turn, language)]).not.toEqual([turn, "yes"]);
        }
      }
    }
  });

  test("no phrase has two meanings in one language", () => {
    for (const language of LANGUAGES) {
      const seen = new Map<string, string>();
      for (const meaning of MEANINGS) {
        for (const phrase of (PHRASES[language][meaning] ?? "").split(/[,\n]/)) {
          const words = wordsIn(phrase).join(" ");
          if (words === "") continue;
          expect([language, words, seen.get(words) ?? meaning]).toEqual([language, words, meaning]);
          seen.set(words, meaning);
        }
      }
    }
  });

  test("an hour of talk is read at once", () => {
    expect(answerIn("yes please ".repeat(20_000), undefined)).toBe("yes");
    expect(answerIn(`${"no problem ".repeat(20_000)} tomorrow`, undefined)).toBe("neither");
  });
});
