/**
 * How models say that they did something, or are about to: what pretence.ts looks for, by language. Each is the inside of
 * a regular expression over words in small letters with single spaces between them, without punctuation; line breaks do not count. A verb is here if
 * a tool could do it, and with its object where people also use it for something else: "I'll put it simply", "I've made
 * a mistake".
 */
import type { Language } from "./spoken-words.ts";

export type PretenceWords = {
  /** May stand before what is looked for. */
  readonly openers: string;
  /** What it begins with, after the openers. */
  readonly claims: readonly string[];
  readonly promises: readonly string[];
  readonly waits: readonly string[];
  /** A sentence that says nothing after a promise: "Thanks for waiting." */
  readonly patience: string;
  /** Standing before: what follows is somebody else's, or under a condition. */
  readonly elsewhere: string;
  /** Anywhere in the sentence of a promise: it is under a condition. */
  readonly condition: string;
  /** Words of a condition that say what is looked at: "check if she wrote". */
  readonly looked: string;
  /** Anywhere in the response: the caller is asked for something, and the assistant waits rightly. */
  readonly asks: string;
};

const ENGLISH_DONE = `
  (?:added|sent|emailed|texted|messaged|created|deleted|removed|scheduled|rescheduled|booked|saved|forwarded|archived
  |cancelled|canceled|ordered|purchased|bought|submitted|renamed|reserved|drafted|invited|unsubscribed|notified|checked
  |completed|searched|transferred|marked|posted|replied (?:to|with)|looked (?:(?:it|that|this|them) )?(?:up|into|through|for)
  |(?:updated|changed|shared|moved|recorded|logged|paid|placed) (?:it|that|them|the|your|this|for)
  |(?:turned|switched) (?:it|that|them|the|your|on|off)|set (?:a|an|it|that|the|your|up)
  |put (?:\\S+ ){1,6}(?:on|in|into) (?:your|the)|made (?:\\S+ ){1,3}(?:reservation|booking|appointment|payment|purchase|order)
  |wr(?:ote|itten) (?:to|it|that|an)|let (?:\\S+ ){1,2}know)`;

const ENGLISH_DO = `
  (?:check(?! (?:in|back))|look (?:(?:it|that|this|them|those) )?(?:up|into|for|through)|look at (?:your|the|that|it)
  |(?:take|have) a (?:quick |closer )?look|see(?: (?:what|if|whether|when|who))?$|see (?:what|if|whether|when|who)
  |search|find (?:out|it|that|your|the|those|them)|fetch|pull (?:up|it|that|your|the|them)|get (?:it|that|those|them|your)
  |send|add(?! that (?:i|you|it|he|she|they|there|the|this))|create|delete|remove|schedule|reschedule|book|save (?:it|that|this|the|your)
  |email|text|message|forward|archive|cancel|submit|reserve|draft|mark|reply to|write (?:to|it|that|her|him|them|an|a|the)
  |order (?:it|that|them|the|a|an|your|some)|buy (?:it|that|them|the|a|an|some)|pay (?:it|that|the|your|for)
  |(?:update|change|move) (?:it|that|them|the (?!subject|topic)|your|this)|set (?:a|an|it|that|the|your|up)
  |put (?:\\S+ ){1,6}(?:on|in|into|through)|make (?:a|an|the|that|your) (?:\\S+ )?(?:note|reservation|booking|appointment|payment|order|task|change)
  |remind you(?! that)|try (?:it|that) again|try again|take care of (?:it|that|this)|do (?:it|that) (?:right )?(?:now|away)
  |transfer you|connect you|hang up)`;

const ENGLISH_DOING = `
  (?:checking|looking (?:(?:it|that|this|them|those) )?(?:up|into|through)|looking for|searching|fetching|sending|adding|creating
  |deleting|removing|scheduling|booking|saving|forwarding|archiving|updating|marking|pulling (?:up|it|that|your|the)
  |getting (?:it|that|your)|transferring you|connecting you|putting you through|working on (?:it|that))`;

const GERMAN_DONE = `(?:hinzugefügt|dazugeschrieben|gesendet|geschickt|abgeschickt|verschickt|versendet|abgesendet|eingetragen|erstellt
  |angelegt|gelöscht|entfernt|verschoben|gebucht|reserviert|bestellt|gespeichert|aktualisiert|geändert|abgehakt|storniert
  |abgesagt|weitergeleitet|gesetzt|gestellt|archiviert|nachgeschaut|nachgesehen|geprüft|überprüft|eingeladen|geschrieben|markiert)`;
/** Between "ich habe" and its participle; none of these words may change who did it, or whether. */
const GERMAN_BETWEEN =
  "(?: (?!(?:nicht|nichts|nie|niemals|noch|kein|keine|keinen|keiner|dass|ob|weil|was|wie|wer|hat|hast|haben|ist|sind|wurde|wurden|du|er|gesehen|gehört|gefunden|gelesen|bekommen|erhalten)(?: |$))\\S+){0,12}";

const FRENCH_DONE = `(?:ajouté|envoyé|créé|supprimé|réservé|enregistré|modifié|vérifié|programmé|commandé|retiré|déplacé|transféré|annulé
  |planifié|archivé|consulté|effacé|coché|répondu|mis à jour|mis (?:\\S+ ){1,5}(?:sur|dans))(?:e|es|s)?`;
const FRENCH_DO = `(?:vérifier|regarder|consulter|chercher|rechercher|envoyer|ajouter|créer|supprimer|réserver|commander|enregistrer
  |modifier|programmer|transférer|annuler|déplacer|voir|jeter un œil|jeter un coup d'œil|m'en occuper|occuper|essayer à nouveau)`;

const SPANISH_DONE = `(?:añadido|agregado|enviado|mandado|creado|borrado|eliminado|reservado|guardado|programado|actualizado|comprado|marcado
  |movido|cancelado|reenviado|archivado|revisado|comprobado|respondido|puesto (?:\\S+ ){1,5}en)`;
const SPANISH_DO = `(?:comprobar|revisar|mirar|buscar|consultar|verificar|ver|enviar|mandar|añadir|agregar|crear|borrar|eliminar|reservar|guardar
  |programar|actualizar|comprar|marcar|mover|cancelar|reenviar|compruebe|revise|mire|busque|consulte|verifique|vea)(?:l[oa]s?|te|te l[oa]|le|sel[oa])?`;

const ITALIAN_DONE = `(?:aggiunt|inviat|mandat|creat|eliminat|cancellat|prenotat|salvat|aggiornat|spostat|annullat|inoltrat|archiviat|ordinat
  |controllat|verificat|rispost|mess)[oaei]`;
const ITALIAN_DO = `(?:controllare|verificare|vedere|cercare|guardare|inviare|mandare|aggiungere|creare|eliminare|prenotare|salvare|dare un'occhiata
  |controlli|verifichi|cerchi|guardi|controllarl[oa]|cercarl[oa]|inviarl[oa])`;

const PORTUGUESE_DO = `(?:lhe |te |o |a )?(?:verificar|ver|consultar|procurar|pesquisar|buscar|enviar|mandar|adicionar|criar|apagar|eliminar|remover|reservar
  |guardar|salvar|agendar|marcar|atualizar|comprar|cancelar|mover|encaminhar|acrescentar|dar uma olhada|checar|tratar disso)`;

const DUTCH_DONE = `(?:toegevoegd|gestuurd|verstuurd|verzonden|aangemaakt|verwijderd|geboekt|besteld|opgeslagen|bijgewerkt|verplaatst|gewijzigd
  |afgevinkt|geannuleerd|doorgestuurd|gearchiveerd|gezet|nagekeken|gecontroleerd|gereserveerd|ingepland|uitgenodigd|gemaild)`;
const DUTCH_BETWEEN =
  "(?: (?!(?:niet|niets|nooit|nog|geen|dat|of|omdat|wat|hoe|wie|heeft|hebt|hebben|is|zijn|werd|jij|hij|gezien|gehoord|gevonden|gelezen|gekregen|ontvangen)(?: |$))\\S+){0,12}";

export const PRETENCES: Readonly<Record<Language, PretenceWords>> = {
  en: {
    openers: `ok|okay|sure|sure thing|alright|all right|great|perfect|got it|of course|certainly|absolutely|yes|yeah|yep|no problem
      |done|all done|right|well|oh|so|now|good news|there|there we go|there you go|here we go|thanks|thank you|sorry|understood
      |excellent|hmm|um|uh|then|happy to|gladly|good|actually|and|also`,
    claims: [
      `i(?:'ve| have)? (?:(?:just|now|also|already|successfully|gone ahead and|went ahead and) )*${ENGLISH_DONE}(?! (?:nothing|no|none))`,
      `i(?:'ve gone| went) ahead and ${ENGLISH_DONE}`,
      `i (?:was able|managed) to ${ENGLISH_DO}`,
      `(?:it's|it is|that's|that is|everything's|everything is)?(?:^| )?(?:all |now |already )*done$`,
      "all done(?: |$).*",
      "done(?: it's| it is| that's| i| the| your).*",
      "(?:sent|added|booked|deleted|saved|scheduled|removed|all set)$",
      "(?:it's|it has|that's|that has|they've) (?:now |just |already |successfully )?been (?:added|sent|created|deleted|removed|booked|scheduled|saved|updated|moved|marked|archived|cancelled|canceled|forwarded)(?!.* by )",
      "(?:the|your) (?:\\S+ )?(?:e ?mail|mail|message|text|reply|task|reminder|item|event|note) (?:has|have) (?:now |just |already |successfully )*been (?:now |successfully )?(?:added|sent|created|deleted|removed|booked|scheduled|saved|updated|marked|archived|forwarded)(?!.* (?:by|to you) )",
      "(?:the |your )?(?:e ?mail|message|text|reply|task|reminder|item|event|note|appointment) (?:sent|added|created|deleted|booked|saved|scheduled|set)$",
      "(?:added|removed|saved|booked|scheduled) (?:\\S+ ){1,8}(?:to|from|on|in|for) (?:your|the) (?!.* by ).*",
      "(?:\\S+ ){1,6}(?:is|are) now (?:on|in) (?:your|the)",
    ],
    promises: [
      `(?:i'll|i will|i'm going to|i am going to|i'm gonna|let me|let's|allow me to) (?:(?:just|now|quickly|quick|first|also|then|go ahead and|go and|right away) )*${ENGLISH_DO}`,
      `(?:i'm|i am) (?:(?:just|now|currently|already) )*${ENGLISH_DOING}`,
      `${ENGLISH_DOING}(?: (?:it|that|this|now|on|your|the|for|into|up)|$)`,
      "(?:on it|right away|coming right up)$",
    ],
    waits: [
      "(?:please )?(?:just )?(?:(?:give me|wait|hold on|hang on) )?(?:just )?(?:one|a) (?:quick )?(?:moment|second|sec|minute)(?=$| (?:please|while|and|then|i|i'll|let|as) ?)",
      "(?:please )?(?:hold on|hang on|hang tight|stand by|bear with me|hold the line)(?! to)",
      "(?:please )?(?:hold|wait)$",
      "i'll be right back",
    ],
    patience: `thanks for (?:your patience|waiting|holding)|thank you for (?:your patience|waiting|holding)|please (?:hold|wait)
      |(?:this|it) (?:won't|will not) take long|(?:this|it) (?:may|might|will|'ll|should) (?:only |just )?take a (?:moment|second|few seconds)
      |(?:it'll|this'll) (?:only |just )?take a (?:moment|second)`,
    elsewhere: `if|when|once|unless|until|after|before|whether|as|because|while|in case|that|says|said|say|writes|wrote|write|reads
      |told|tells|tell|asks|asked|mentions|mentioned|press|confirm|give|would|could|should|not|never|pretend|imagine`,
    condition: `if|once|when|whenever|unless|until|after|as soon as|in case|later|next time|another time|but|would|could|should|need`,
    looked:
      "(?:check|see|out|up) (?:if|whether|when)(?! you(?:'d|'re| would| are)? (?:like|want|wish|prefer|need|ready|say|confirm|agree))",
    asks: `confirm|say yes|say no|just say|press|let me know|tell me|give me (?:the|your)|your (?:ok|okay|go ahead|permission|approval)
      |please (?:repeat|spell)`,
  },

  de: {
    openers: `ok|okay|klar|na klar|gut|alles klar|gerne|gern|natürlich|sicher|ja|jawohl|prima|super|perfekt|in ordnung|so|also
      |fertig|erledigt|danke|entschuldigung|tut mir leid|verstanden|einverstanden|und|selbstverständlich|genau|oh|ähm`,
    claims: [
      `(?:(?:jetzt|gerade|eben|soeben|das|es|sie|ihn) )?(?:ich (?:hab|habe)|(?:hab|habe) ich)${GERMAN_BETWEEN} ${GERMAN_DONE}(?! (?:hat|hast|habt|haben|wurde|worden|ist|und nicht))`,
      "(?:(?:das )?ist |schon |alles )?erledigt$",
      "(?:das ist |ist |schon )?gemacht$",
      `(?:(?:deine|die|ihre|der|dein|ihr|das|den) )(?:\\S+ ){1,3}(?:ist|wurde)(?: (?:jetzt|nun|bereits|erfolgreich|soeben|schon))*(?: (?:auf|in|zu) (?:\\S+ ){0,2}\\S+)? ${GERMAN_DONE}$`,
      "(?:\\S+ ){1,6}(?:steht|stehen|ist) (?:jetzt|nun) (?:auf|in) (?:deiner|deinem|ihrer|ihrem|der|dem)",
      "(?:hinzugefügt|gesendet|abgeschickt|gelöscht|gebucht|eingetragen|gespeichert)$",
    ],
    promises: [
      `ich (?:schaue|schau|sehe|seh)(?: (?!ob|wenn|dass)\\S+){0,6} (?:nach|nachher|rein|durch|an)`,
      "ich (?:prüfe|überprüfe|checke|suche|rufe|sende|schicke|verschicke|lösche|buche|bestelle|reserviere|erstelle|speichere|entferne|aktualisiere|verschiebe|markiere|kümmere mich|verbinde (?:dich|sie))",
      "ich (?:füge|trage|lege|setze|leite)(?: \\S+){1,10} (?:hinzu|ein|an|auf|weiter)",
      `ich werde(?: (?!nicht|nie|kein|keine|mich bemühen)\\S+){0,8} (?:nachsehen|nachschauen|prüfen|überprüfen|suchen|senden|schicken|abschicken|hinzufügen|eintragen|erstellen|anlegen|löschen|entfernen|buchen|bestellen|speichern|weiterleiten|verschieben)`,
      "(?:lass|lassen sie) mich(?: (?!wissen)\\S+){0,6} (?:nachsehen|nachschauen|schauen|prüfen|überprüfen|suchen|sehen|checken)",
      "wird (?:sofort |gleich )?(?:gemacht|erledigt)$",
    ],
    waits: [
      "(?:nur )?(?:einen|ein|nen) (?:kurzen |kleinen )?(?:moment|augenblick)",
      "(?:moment|sekunde|augenblick)(?: (?:bitte|mal))?$",
      "(?:nur )?eine sekunde",
      "(?:bitte )?(?:warte|warten sie|bleib|bleiben sie)(?: (?:kurz|bitte|dran|einen moment|einen augenblick))+$",
    ],
    patience: `danke für (?:deine|ihre|die) geduld|bitte warten|das dauert (?:nur )?(?:kurz|einen moment|nicht lange)|bin gleich (?:wieder da|so weit)`,
    elsewhere: `wenn|falls|sobald|nachdem|bevor|ob|dass|weil|als|während|schreibt|schrieb|sagt|sagte|meint|fragt|drücke|drücken|sag|sagen|gib|geben|würde|könnte|nicht|nie|wie`,
    condition: `wenn|falls|sobald|nachdem|bevor|wann immer|später|nächstes mal|aber|würde|könnte|brauche|nicht|kein|keine|keinen`,
    looked: "(?:nach|prüfe|schaue|sehe) (?:ob|wann|wenn)",
    asks: `bestätige|bestätigen|sag ja|sagen sie ja|drücke|drücken sie|sag mir|sagen sie mir|sag bescheid|lass mich wissen|lassen sie mich wissen|gib mir|geben sie mir|(?:deine|ihre) (?:zustimmung|bestätigung)`,
  },
  fr: {
    openers: `ok|okay|d'accord|bien sûr|très bien|parfait|entendu|oui|voilà|alors|bon|merci|désolé|désolée|super|et|c'est noté|compris|bien|euh|ah|avec plaisir`,
    claims: [
      `(?:j'ai|je (?:l'|les |t'|vous |lui |leur |te l'|vous l'|le lui )ai|je (?:te|vous|le|la|les|lui|leur) ai)(?: (?:bien|déjà|aussi|donc|maintenant))* ${FRENCH_DONE}(?! (?:rien|aucun|aucune))`,
      "je viens (?:d'|de )(?:l'|le |la |les |vous |te |lui )?(?:envoyer|ajouter|créer|supprimer|réserver|enregistrer|modifier|vérifier|programmer|commander|retirer|déplacer)",
      "(?:voilà )?c'est (?:bien |maintenant )?(?:fait|envoyé|ajouté|réservé|supprimé|enregistré|noté dans)$",
      "(?:votre|ton|ta|le|la|l'e mail|l'email) (?:\\S+ )?(?:mail|message|tâche|rappel|rendez vous|événement)? ?(?:a|est)(?: (?:bien|maintenant|déjà))* (?:été )?(?:envoyé|ajouté|créé|supprimé|enregistré)e?s?(?!.* par )",
      "(?:\\S+ ){1,6}(?:est|sont) (?:maintenant|désormais) (?:sur|dans) (?:votre|ta|ton|la)",
      "(?:envoyé|ajouté|réservé|supprimé)$",
    ],
    promises: [
      `je vais(?: (?:d'abord|maintenant|vite|tout de suite|juste))* (?:le |la |les |l'|vous l'|te l'|vous |te |lui |m'en )?${FRENCH_DO}`,
      `(?:laissez|laisse) moi(?: (?:juste|vite|rapidement))* (?:le |la |les |l'|vous |te )?${FRENCH_DO}`,
      "je (?:le |la |les |l'|vous l'|te l'|vous |te |lui )?(?:vérifie|consulte|recherche|cherche|envoie|ajoute|supprime|crée|réserve|commande|enregistre|transfère|programme)",
      "je regarde|j'envoie|j'ajoute|j'enregistre|je m'en occupe|je m'en charge",
      "je (?:te|vous|le|la) (?:transfère|passe)",
    ],
    waits: [
      "(?:juste )?un (?:petit )?(?:instant|moment)(?: (?:s'il (?:vous|te) pla[iî]t|svp|je|pendant))?",
      "(?:juste )?une (?:petite )?seconde",
      "(?:patientez|ne quittez pas|attendez|attends)(?: .*)?$",
    ],
    patience: `merci (?:de|pour) (?:votre |ta )?(?:patience|patienter)|ne quittez pas|(?:ça|cela) ne (?:sera|prendra) (?:pas|qu'un).*`,
    elsewhere: `si|quand|lorsque|dès|une fois|après|avant|que|qui|parce|comme|pendant|écrit|dit|demande|appuyez|appuie|dites|dis|donne|donnez|pourrais|pas|jamais`,
    condition: `si|quand|lorsque|dès|une fois|après que|avant de|plus tard|la prochaine fois|mais|pourrais|besoin|pas`,
    looked: "(?:vérifier|vérifie|voir|regarder|regarde) si",
    asks: `confirmez|confirme|confirmer|appuyez|appuie|dites (?:oui|moi)|dis (?:oui|moi)|donnez moi|donne moi|votre (?:accord|confirmation)|ton accord|faites le moi savoir`,
  },
  es: {
    openers: `ok|okay|vale|claro|claro que sí|por supuesto|de acuerdo|perfecto|muy bien|bien|listo|hecho|sí|entendido|gracias|perdón|lo siento|disculpe|disculpa|bueno|y|genial|con gusto|ahora|ya|ahora mismo|enseguida|en seguida`,
    claims: [
      `(?:(?:ya|te|le|se|lo|la|los|las|les|acabo) )*he ${SPANISH_DONE}(?! (?:nada|ningún|ninguna|ninguno))`,
      "acabo de (?:enviar|añadir|agregar|crear|borrar|eliminar|reservar|mandar|guardar|programar|comprobar|revisar|mover)(?:l[oa]s?|te|te l[oa]|le)?",
      `(?:(?:ya|te|le|se|lo|la|los|las|les) )*(?:añadí|agregué|envié|mandé|creé|borré|eliminé|reservé|guardé|programé|actualicé|compré|marqué|moví|cancelé)`,
      "(?:ya )?está (?:hecho|enviado|enviada|añadido|agregado|reservado|listo)$",
      "(?:hecho|enviado|añadido|agregado|reservado)$",
      "(?:ya )?se ha (?:enviado|añadido|agregado|creado|borrado|eliminado|guardado|reservado)(?!.* por )",
      "(?:tu|su|el|la) (?:mensaje|correo|email|tarea|recordatorio|evento|cita) (?:ya )?(?:ha sido|fue|está) (?:enviad|añadid|agregad|cread|borrad|eliminad|guardad|reservad)[oa](?!.* por )",
      "(?:\\S+ ){1,6}ya está(?:n)? en (?:tu|su|la)",
    ],
    promises: [
      `voy a (?:(?:ahora|primero) )?${SPANISH_DO}`,
      `(?:déjame|déjeme|dejame|permíteme|permítame)(?: que)? ${SPANISH_DO}`,
      "(?:(?:lo|la|los|las|te lo|se lo|te|le) )?(?:compruebo|reviso|busco|consulto|miro|verifico|envío|mando|añado|agrego|creo el|creo la|borro|elimino|reservo)(?: |$).*",
      "estoy (?:buscando|revisando|comprobando|consultando|verificando|enviando|añadiendo|agregando|mirando)",
      "me (?:encargo|ocupo)",
      "(?:te|le) (?:paso|transfiero|comunico) con",
    ],
    waits: [
      "(?:solo )?un (?:momento|momentito|segundo|minuto|instante)",
      "(?:espera|espere|aguarde|aguarda|dame|deme)(?: (?:un|una|por|momento|segundo|instante|favor|momentito))*$",
    ],
    patience: `gracias por (?:tu|su|la) paciencia|gracias por esperar|no (?:tardaré|tardará|tardo).*`,
    elsewhere: `si|cuando|una vez|después|antes|que|porque|como|mientras|escribe|escribió|dice|dijo|pregunta|pulsa|pulse|di|diga|dame|deme|podría|no|nunca`,
    condition: `si|cuando|una vez|después de|antes de|más tarde|la próxima|pero|podría|necesito|no`,
    looked: "(?:ver|comprobar|revisar|compruebo|reviso|miro|mirar|verificar) si",
    asks: `confirma|confirme|confírmame|confírmeme|pulsa|pulse|di sí|diga sí|dime|dígame|avísame|avíseme|tu confirmación|su confirmación`,
  },
  it: {
    openers: `ok|okay|certo|certamente|va bene|perfetto|bene|benissimo|d'accordo|sì|fatto|ecco|ecco fatto|capito|grazie|scusa|scusi|mi dispiace|e|subito|ora|adesso|allora|volentieri|ottimo`,
    claims: [
      `(?:(?:ti|vi|le|gli|te|me|già|li|la|lo|gliel|te l|l) ?)*(?:l')?(?:l'ho|gliel'ho|te l'ho|ve l'ho|ho)(?: (?:appena|già|anche|ora|subito))* ${ITALIAN_DONE}(?! (?:niente|nulla|nessun|nessuna))`,
      "(?:è |già |tutto )?fatto$",
      "(?:aggiunto|inviato|inviata|mandato|eliminato|prenotato|salvato)$",
      "(?:è stat[oa]|sono stat[ei]) (?:aggiunt|inviat|mandat|creat|eliminat|prenotat|salvat)[oaei](?!.* da )",
      "(?:il|la|l'|il tuo|la tua|il suo|la sua) (?:messaggio|mail|e mail|email|promemoria|attività|evento) (?:è|è stat[oa])(?: ora| già)? (?:aggiunt|inviat|mandat|creat|eliminat|prenotat|salvat)[oa](?!.* da )",
      "(?:\\S+ ){1,6}(?:è|sono) (?:ora|adesso) (?:nella|sulla|nel|sul) (?:tua|tuo|sua|suo)",
    ],
    promises: [
      `(?:fammi|mi faccia|lasciami|mi lasci|lascia che|permettimi di|vado a|mi permetta di)(?: (?:subito|solo|un attimo))* ${ITALIAN_DO}`,
      "(?:(?:lo|la|li|le|te lo|glielo|ti|subito|ora) )*(?:controllo|verifico|cerco|invio|mando|aggiungo|elimino|prenoto|creo|salvo|inoltro|cancello)(?: |$).*",
      "(?:do|dò|darò) (?:subito )?un'occhiata|vedo subito|ci penso io|provvedo|me ne occupo",
      "sto (?:controllando|cercando|verificando|inviando|aggiungendo|guardando)",
      "(?:controllerò|verificherò|cercherò|invierò|manderò|aggiungerò)",
      "(?:ti|la) (?:passo|trasferisco)",
    ],
    waits: [
      "(?:solo )?un (?:attimo|momento|secondo|istante|attimino)",
      "(?:attendi|attenda|aspetta|aspetti)(?: .*)?$",
    ],
    patience: `grazie per (?:la pazienza|l'attesa|aver atteso|aspettare)|ci vorrà (?:solo )?un.*`,
    elsewhere: `se|quando|una volta|dopo|prima|che|perché|come|mentre|scrive|dice|ha scritto|chiede|premi|prema|dimmi|mi dica|dammi|potrei|non|mai`,
    condition: `se|quando|una volta|dopo che|prima di|più tardi|la prossima volta|ma|potrei|bisogno|non`,
    looked: "(?:controllare|controllo|vedere|verificare|verifico) se",
    asks: `conferma|confermi|confermami|premi|prema|di' di sì|dimmi|mi dica|fammi sapere|mi faccia sapere|la tua conferma`,
  },
  pt: {
    openers: `ok|okay|claro|claro que sim|com certeza|certo|perfeito|muito bem|está bem|tudo bem|bem|sim|pronto|feito|entendido|obrigado|obrigada|desculpe|desculpa|e|ótimo|agora|já|beleza|combinado`,
    claims: [
      "(?:(?:já|eu|te|lhe|o|a) )*(?:adicionei|enviei|mandei|criei|apaguei|eliminei|removi|reservei|guardei|salvei|agendei|marquei|atualizei|comprei|cancelei|movi|encaminhei|verifiquei|acrescentei)(?! (?:nada|nenhum|nenhuma))",
      "acabei de (?:enviar|adicionar|criar|apagar|eliminar|reservar|mandar|guardar|salvar|agendar|marcar|verificar|mover)(?: |$).*",
      "(?:já )?(?:está|tá) (?:feito|enviado|enviada|adicionado|adicionada|reservado|agendado|marcado)$",
      "(?:feito|enviado|enviada|adicionado|reservado|agendado)$",
      "(?:já )?foi (?:adicionad|enviad|criad|apagad|eliminad|guardad|salv|agendad|reservad)[oa](?!.* (?:por|pelo|pela) )",
      "(?:a|o|sua|seu|a sua|o seu|a tua|o teu) (?:mensagem|e mail|email|tarefa|lembrete|evento) (?:já )?foi (?:adicionad|enviad|criad|apagad|eliminad|guardad|salv|agendad|reservad)[oa](?!.* (?:por|pelo|pela) )",
      "(?:\\S+ ){1,6}(?:já está|agora está|está agora) (?:na|no) (?:sua|seu|tua|teu)",
    ],
    promises: [
      `(?:eu )?vou (?:(?:já|agora|só|primeiro|rapidamente) )*${PORTUGUESE_DO}`,
      `(?:deixe me|deixa me|deixe eu|deixa eu|me deixe|me deixa|permita me) (?:só )?${PORTUGUESE_DO}`,
      "estou (?:a )?(?:verificar|verificando|procurar|procurando|consultar|consultando|enviar|enviando|adicionar|adicionando|buscar|buscando)",
      "(?:vou tratar|trato) (?:já )?(?:disso|disto)",
      "(?:já )?(?:verifico|envio|procuro|adiciono|consulto)(?: (?:já|agora|isso|a|o)|$).*",
      "vou (?:transferir|passar) (?:a chamada|você|te|lhe)",
    ],
    waits: [
      "(?:só )?um (?:momento|momentinho|instante|segundo|minuto|minutinho)",
      "(?:aguarde|aguarda|espere|espera)(?: .*)?$",
    ],
    patience: `obrigad[oa] (?:pela|por) (?:sua |tua )?(?:paciência|aguardar|esperar)|(?:não )?vai (?:demorar|levar).*`,
    elsewhere: `se|quando|assim que|depois|antes|que|porque|como|enquanto|escreve|escreveu|diz|disse|pergunta|prima|aperte|diga|dê|poderia|não|nunca`,
    condition: `se|quando|assim que|depois de|antes de|mais tarde|da próxima|mas|poderia|preciso|não`,
    looked: "(?:ver|verificar|consultar|verifico) se",
    asks: `confirme|confirma|prima|aperte|pressione|diga sim|diga me|me diga|me avise|avise me|a sua confirmação|sua confirmação`,
  },
  nl: {
    openers: `ok|okay|oké|oke|prima|goed|natuurlijk|zeker|ja|jazeker|graag|klaar|gedaan|perfect|begrepen|bedankt|dank je|sorry|en|akkoord|dus|mooi|top`,
    claims: [
      `(?:(?:nu|net|zojuist|dat|het|die) )?(?:ik heb|heb ik)${DUTCH_BETWEEN} ${DUTCH_DONE}(?! (?:heeft|hebt|hebben|werd|is|en niet))`,
      "(?:(?:het|dat) is |alles is |is )?(?:gedaan|geregeld|gebeurd|gelukt)$",
      "(?:je|de|uw|het) (?:\\S+ ){1,3}is(?: (?:nu|al|zojuist))* (?:verstuurd|verzonden|toegevoegd|aangemaakt|verwijderd|geboekt|opgeslagen)$",
      "(?:\\S+ ){1,6}(?:staat|staan) nu (?:op|in) (?:je|uw|de|het)",
      "(?:toegevoegd|verstuurd|verzonden|verwijderd|geboekt)$",
    ],
    promises: [
      "ik (?:kijk|zoek|check|controleer|verstuur|stuur|verwijder|boek|bestel|regel)(?: |$).*",
      "ik (?:voeg|zet|sla)(?: \\S+){1,10} (?:toe|op|in|erop|erbij)",
      `ik (?:ga|zal)(?: (?!niet|nooit|geen|hier|mijn)\\S+){0,8} (?:kijken|nakijken|opzoeken|zoeken|checken|controleren|sturen|versturen|toevoegen|aanmaken|verwijderen|boeken|bestellen|opslaan|regelen|doen)`,
      "laat me(?: (?!weten)\\S+){0,6} (?:kijken|nakijken|opzoeken|zoeken|checken|controleren|zien)",
      "(?:even|eens) (?:kijken|checken)",
      "ik verbind (?:je|u) door",
    ],
    waits: [
      "(?:een|één|heel even een) (?:moment|momentje|ogenblik|ogenblikje|seconde)",
      "(?:momentje|ogenblikje|moment|seconde)(?: (?:alsjeblieft|alstublieft|graag))?$",
      "(?:wacht|blijf|blijft u)(?: (?:even|aan|de|lijn|alsjeblieft|alstublieft))+$",
    ],
    patience: `bedankt voor (?:je|uw|het) (?:geduld|wachten)|(?:dit|het) duurt (?:maar )?(?:even|niet lang).*`,
    elsewhere: `als|wanneer|zodra|nadat|voordat|of|dat|omdat|terwijl|toen|schrijft|schreef|zegt|zei|vraagt|druk|zeg|geef|zou|kan|niet|nooit|zoals`,
    condition: `als|wanneer|zodra|nadat|voordat|later|volgende keer|maar eerst|maar ik|zou|moet|nodig|niet|geen`,
    looked: "(?:kijken|kijk|kijk even|checken|controleer) (?:of|wanneer)",
    asks: `bevestig|bevestigt u|zeg ja|zeg maar|druk|vertel me|laat me weten|laat het me weten|geef me|je bevestiging|uw bevestiging`,
  },
};
