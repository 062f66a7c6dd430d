/**
 * The phrases of an answer, by language: what yes-no.ts knows. Whatever is not here casts doubt on a yes, so nothing
 * may be here that changes what was asked for, as "tomorrow" or "to Bob" do. A longer phrase is read before the shorter
 * ones in it: "not yet" is no "not".
 */
import type { Language } from "./spoken-words.ts";

export const MEANINGS = [
  /** Agrees by itself. */
  "yes",
  /** Agrees, but also opens a sentence of any kind. */
  "okay",
  /** Beside a yes it changes nothing; alone it says nothing. An act is here, for it need not be the one asked about. */
  "aside",
  /** Says neither, whatever its words say by themselves. */
  "doubt",
  "no",
  /** A no that no yes beside it softens. */
  "refusal",
] as const;
export type Meaning = (typeof MEANINGS)[number];

/** The same in every language. */
export const OKAY = "ok, okay, okey, oké, oke, o k, okey dokey, okie dokie";

const each = (firsts: string, seconds: string): string =>
  firsts
    .split(/,\s*/)
    .flatMap((first) => seconds.split(/,\s*/).map((second) => `${first} ${second}`))
    .join();

/** "read it", "save it" and "change it" are left out: they ask for something else. */
const ENGLISH_ACTS = each(
  "send, add, book, order, buy, pay, create, schedule, post, submit, delete, remove",
  "it, that, them, this, it now, that now, it off, it please, the email, the mail, the message",
);

export const PHRASES: Readonly<Record<Language, Readonly<Partial<Record<Meaning, string>>>>> = {
  en: {
    yes: `
      yes, yeah, yep, yup, yea, yeh, sure, sure thing, for sure, of course, absolutely, definitely, certainly
      by all means, go ahead, go right ahead, go for it, do it, do that, do so, do it now, do that now
      please do, please do so, just do it, do it for me, do that for me, let's do it, let's do that, make it so
      correct, that's correct, that is correct, that's right, that is right, exactly, sounds good
      that sounds good, sounds great, that sounds great, sounds right, that sounds right, that works
      works for me, that works for me, fine by me, fine with me, good to go, that'd be great
      that would be great, that would be good, i agree, agreed, confirmed, i confirm, confirm, you bet
      affirmative, well yes
      ${each("go ahead and, please go ahead and", `do it, do that, ${ENGLISH_ACTS}`)}`,
    okay: "alright, all right",
    aside: `
      please, thanks, thank you, thank you very much, thank you so much, thanks a lot, many thanks, oh, ah, um
      uh, uhm, er, right, good, great, perfect, fine, cool, wonderful, awesome, excellent, lovely, brilliant
      nice, all good, very good, i do, i would, i am, i'm sure, i am sure, it is, it's correct, it's right
      that's okay, that's ok, that's fine, that is fine, it's fine, it's okay, it's ok, that's all right
      that's it, that's the one, that's what i want, looks good, that's good
      that's great, that's perfect, looks right, you can, you may, you should, you can do it, you can do that
      i'd like that, i would like that, i said, then, sir, ma'am, right away, straight away, immediately
      why not, no problem, no worries, not a problem, no objection, no objections, no changes, ${ENGLISH_ACTS}
      ${each("just, you can, you may, i want you to, i'd like you to", ENGLISH_ACTS)}`,
    doubt: `
      not yet, not sure, not quite, not quite sure, don't know, do not know, no idea, don't mind, do not mind
      don't care, don't worry, don't forget, do not forget, don't see why not, why don't you, no rush, no hurry
      not bad, yeah right, oh ok, oh okay, ah ok, ah okay, oh right, ah right`,
    no: `
      no, nope, nah, naw, noo, no thanks, no thank you, stop, cancel, abort, negative, nuh uh, nuh huh`,
    refusal: `
      not, don't, dont, do not, never, never mind, nevermind, forget it, forget about it, forget that, leave it
      scrap that, scratch that, changed my mind, don't worry about it, no way`,
  },
  de: {
    yes: `
      ja, jawohl, jawoll, jo, jep, jup, klar, na klar, klaro, aber klar, sicher, aber sicher, natürlich
      selbstverständlich, gern, gerne, sehr gern, sehr gerne, aber gern, aber gerne, unbedingt, auf jeden fall
      genau, ganz genau, richtig, das ist richtig, stimmt, das stimmt, korrekt, das ist korrekt, passt
      das passt, passt so, einverstanden, abgemacht, mach das, mach es, mach's, machs, mach mal, mach das mal
      mach ruhig, tu das, tu es, machen sie das, machen sie es, tun sie das, leg los, los geht's
      so machen wir das, so machen wir's, bestätigt, ich bestätige, ich bestätige das, freilich`,
    okay: "alles klar, in ordnung, das ist in ordnung, geht in ordnung, geht klar",
    aside: `
      bitte, bitte schön, bitteschön, danke, danke schön, dankeschön, danke sehr, vielen dank, gut, na gut
      sehr gut, ist gut, das ist gut, super, prima, perfekt, toll, wunderbar, klasse, fein, dann, ähm, äh, öhm
      oh, ah, sofort, jetzt gleich, ich bin sicher, ganz sicher, kein problem, keine einwände, keine änderungen
      warum nicht, wieso nicht, doch, ist okay, das ist okay, schick es, schick es ab, schick sie, schick sie ab
      schick ihn ab, schick das, schick das ab, schick ab, schick los, schick die mail, schick die mail ab
      schick die e-mail, schick die e-mail ab, schick die nachricht, schick die nachricht ab, schicke es
      schicke es ab, schicke sie ab, schicken sie es, schicken sie es ab, schicken sie sie ab, abschicken
      sende es, sende sie, sende das, senden sie es, senden sie sie, senden, absenden, füg es hinzu
      füge es hinzu, füg sie hinzu, fügen sie es hinzu, hinzufügen, trag es ein, trag ihn ein, tragen sie es ein
      eintragen, leg es an, leg ihn an, lösch es, lösch sie, lösche es, löschen sie es, löschen, buch es
      buche es, buchen sie es, buchen, bestell es, bestellen sie es, bestellen, erledige das, erledigen sie das`,
    doubt: `
      noch nicht, nicht sicher, weiß nicht, weiss nicht, weiß ich nicht, weiss ich nicht, weiß es nicht
      weiss es nicht, keine ahnung, nicht wahr, nicht vergessen, na ja, naja, lass es uns, halt mal
      nicht schlecht, mach's gut, machs gut, passt schon`,
    no: `
      nein, nee, ne, nö, nä, nein danke, stopp, stop, halt, abbrechen, brich ab, abbruch, storno, kein, keine
      keinen`,
    refusal: `
      nicht, nie, niemals, lass es, lass das, lass mal, lass es sein, lassen sie es, lassen sie das, vergiss es
      vergessen sie es, schon gut, keinesfalls, auf keinen fall`,
  },
  fr: {
    yes: `
      oui, ouais, ouaip, ouep, je suis d'accord, bien sûr, bien sur, bien entendu, évidemment, absolument
      tout à fait, exactement, exact, c'est exact, c'est ça, c'est bien ça, c'est correct, vas-y, allez-y
      fais-le, faites-le, fais ça, faites ça, volontiers, avec plaisir, je confirme, confirmé, parfaitement
      certainement, carrément, je veux bien, sans problème`,
    okay: "d'accord, daccord, entendu, ça marche, ça me va",
    aside: `
      s'il te plaît, s'il te plait, s'il vous plaît, s'il vous plait, svp, merci, merci beaucoup, merci bien
      bien, très bien, parfait, c'est parfait, c'est bon, super, génial, euh, ah, oh, tout de suite
      pourquoi pas, pas de problème, pas de souci, pas de soucis, aucun problème
      ${each("envoie, envoyez", "le, la, les, ça, le mail, l'e-mail, l'email, le message, le maintenant")}
      ${each("\n ajoute, ajoutez, supprime, supprimez, réserve, réservez, commande, commandez, crée, créez", "le, la, les, ça")}`,
    doubt: `
      si, je ne sais pas, je sais pas, j'sais pas, sais pas, ne sais pas, pas encore, pas sûr, pas sûre, pas sur
      aucune idée, n'est-ce pas, pas mal, je ne suis pas sûr, je ne suis pas sûre, n'oublie pas, n'oubliez pas`,
    no: "non, nan, non merci, stop, annule, annulez, annuler, arrête, arrêtez, arrêter",
    refusal: `
      pas, ne, jamais, laisse tomber, laissez tomber, oublie, oubliez, oublie ça, oubliez ça, tant pis
      changé d'avis`,
  },
  es: {
    yes: `
      sí, si, sip, claro, claro que sí, claro que si, por supuesto, dale, adelante, hazlo, hágalo, hagalo
      desde luego, exacto, exactamente, correcto, es correcto, eso es, así es, asi es, me parece bien, con gusto
      confirmo, lo confirmo, confirmado`,
    okay: "vale, de acuerdo, está bien, esta bien",
    aside: `
      por favor, gracias, muchas gracias, bueno, bien, muy bien, perfecto, genial, estupendo, venga, órale, eh
      ah, oh, seguro, estoy seguro, estoy segura, ahora mismo, enseguida, cómo no, como no, por qué no
      no hay problema, sin problema, ningún problema, envíalo, envialo, envíala, envíelo, envíela, mándalo
      mandalo, mándala, mándelo, mándela, añádelo, añádela, añádalo, agrégalo, agrégala, agréguelo, bórralo
      bórrala, bórrelo, elimínalo, elimínelo, resérvalo, resérvelo, cómpralo, cómprelo, créalo, créelo, pídelo
      pídalo, envía el correo, envía el mensaje, manda el correo, manda el mensaje`,
    doubt: `
      todavía no, aún no, aun no, no sé, no se, no lo sé, no lo se, no estoy seguro, no estoy segura, ni idea
      no te olvides, no olvides`,
    no: "no, nop, no gracias, cancela, cancelar, cancele, cancélalo, cancélelo, detente, pare, stop",
    refusal: `
      nunca, jamás, déjalo, déjelo, olvídalo, olvidalo, olvídelo, mejor no, para nada, ni hablar
      de ninguna manera, claro que no, por supuesto que no, que no, no lo envíes, no la envíes, no lo mandes
      no la mandes, no lo hagas, no lo haga, no lo envíe, no lo mande`,
  },
  it: {
    yes: `
      sì, si, certo, certo che sì, certo che si, certamente, esatto, esattamente, corretto, è corretto, è giusto
      volentieri, assolutamente sì, senz'altro, sicuramente, procedi, proceda, vai pure, fallo, fallo pure
      lo faccia, confermo, lo confermo, confermato`,
    okay: "va bene, d'accordo, daccordo",
    aside: `
      per favore, per piacere, grazie, grazie mille, prego, bene, molto bene, benissimo, ottimo, perfetto
      giusto, eh, ah, oh, assolutamente, subito, come no, perché no, nessun problema, non c'è problema, invialo
      inviala, lo invii, la invii, mandalo, mandala, lo mandi, la mandi, aggiungilo, aggiungila, lo aggiunga
      eliminalo, eliminala, lo elimini, prenotalo, lo prenoti, compralo, ordinalo, invia pure, manda pure
      invia il messaggio, manda il messaggio, invia la mail, manda la mail, invia l'email`,
    doubt: `
      non so, non lo so, non ancora, non sono sicuro, non sono sicura, non saprei, non dimenticare, non male`,
    no: "no, no grazie, annulla, annullalo, annullare, annulli, ferma, fermati, fermo, stop, basta",
    refusal: `
      non, mai, lascia perdere, lasci perdere, lascia stare, lasci stare, niente, meglio di no, certo che no
      assolutamente no`,
  },
  pt: {
    yes: `
      sim, claro, claro que sim, com certeza, exato, exacto, exatamente, exactamente, correto, correcto, isso
      isso mesmo, é isso, é isso mesmo, pode, pode sim, podes, pode fazer, faça isso, faz isso, avança, avance
      vá em frente, vai em frente, de acordo, concordo, confirmo, confirmado, combinado
      quero, quero sim, ${each("pode, podes", "enviar, mandar, adicionar, marcar, reservar, apagar, comprar, criar, pedir")}`,
    okay: "certo, está bem, tá bem, está bom, tá bom, ta bom, beleza",
    aside: `
      por favor, se faz favor, obrigado, obrigada, muito obrigado, muito obrigada, bem, muito bem, tudo bem, bom
      perfeito, ótimo, óptimo, eh, ah, oh, agora mesmo, sem problema, sem problemas, por que não, porque não
      não há problema
      ${each("envia, envie, manda, mande", "isso, a mensagem, o e-mail, o email")}
      envia-o, envia-a, envie-o, envie-a, manda-o, manda-a, mande-o, mande-a, adiciona-o, adicione-o
      adiciona isso, adicione isso, apaga-o, apague-o, apaga isso, apague isso, reserva isso, reserve isso`,
    doubt: `
      ainda não, ainda nao, não sei, nao sei, não tenho a certeza, não tenho certeza, sei lá, pois não
      não te esqueças, não esqueça, não se esqueça`,
    no: "não, nao, não obrigado, não obrigada, cancela, cancelar, cancele, pára, pare, parar, stop",
    refusal: `
      nunca, jamais, deixa, deixe, deixa pra lá, deixa para lá, deixa estar, esquece, esqueça, claro que não
      com certeza não, melhor não, pode parar, nada disso, não envie, não envia, não envies, não mande
      não mandes, não faça, não faças`,
  },
  nl: {
    yes: `
      ja, jazeker, jawel, jep, jup, ja hoor, zeker, zeker weten, natuurlijk, tuurlijk, uiteraard, doe maar
      doe het, doe dat, doe het maar, doe dat maar, doe t maar, ga je gang, ga uw gang, graag, heel graag, klopt
      dat klopt, inderdaad, precies, correct, dat is correct, bevestigd, ik bevestig, dat mag`,
    okay: "goed, prima, is goed, dat is goed, is prima, dat is prima, akkoord, in orde, dat is in orde",
    aside: `
      alsjeblieft, alstublieft, dank je, dank je wel, dankjewel, dank u, dank u wel, bedankt, mooi, perfect
      fijn, top, juist, eh, uh, ah, oh, dan, hoor, meteen, geen probleem, waarom niet, stuur maar, stuur het
      stuur het maar, stuur hem, stuur hem maar, stuur die mail, stuur de mail, stuur het bericht, verstuur het
      verstuur hem, verstuur maar, verstuur het maar, verzend het, verzend hem, voeg het toe, voeg maar toe
      zet het erop, zet het er maar op, verwijder het, verwijder het maar, boek het, boek maar, bestel het
      bestel maar`,
    doubt: `
      nog niet, weet niet, weet ik niet, weet het niet, geen idee, niet zeker, niet vergeten, nou ja
      niet slecht`,
    no: "nee, neen, nee dank je, nee bedankt, stop, stoppen, annuleer, annuleren, geen",
    refusal: "niet, nooit, laat maar, laat maar zitten, laat het, vergeet het, vergeet het maar",
  },
};
