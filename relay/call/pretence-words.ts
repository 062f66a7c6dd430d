/**
 * How models say that they did something, or are about to: what pretence.ts looks for, by language. Each is the inside of
 * a regular expression over words in small letters, with single spaces between them and no punctuation; line breaks do not
 * count. The verbs are in pretence-verbs.ts.
 */
import {
  DUTCH_BETWEEN,
  DUTCH_DO,
  DUTCH_DONE,
  ENGLISH_DO,
  ENGLISH_DOING,
  ENGLISH_DONE,
  ENGLISH_PASSIVE,
  ENGLISH_THINGS,
  FRENCH_DO,
  FRENCH_DONE,
  FRENCH_IT,
  GERMAN_BETWEEN,
  GERMAN_DO,
  GERMAN_DONE,
  ITALIAN_DO,
  ITALIAN_DONE,
  PORTUGUESE_DID,
  PORTUGUESE_DO,
  PORTUGUESE_DONE,
  SPANISH_DO,
  SPANISH_DONE,
  SPANISH_IT,
} from "./pretence-verbs.ts";
import type { Language } from "./spoken-words.ts";

export type PretenceWords = {
  /** May stand before what is looked for. */
  readonly openers: string;
  /** What a clause begins with, after the openers. */
  readonly claims: string;
  readonly promises: string;
  /** As the promises: "One moment, please." */
  readonly waits: string;
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
  /** In the question that ends a response: what stands before it is read back, not done. */
  readonly readBack: string;
  /** Unless that question has one of these: it asks what is next. */
  readonly further: string;
};

/** In any language: what an assistant makes by saying it, and no tool makes. */
export const COMPOSED = `
  poem|story|song|joke|riddle|haiku|limerick|rhyme|example|thought|gedicht|geschichte|witz|rätsel|reim|beispiel|poème
  |histoire|chanson|blague|devinette|exemple|poema|historia|cuento|canción|chiste|adivinanza|ejemplo|poesia|storia|canzone
  |barzelletta|indovinello|esempio|história|canção|piada|adivinha|exemplo|verhaal|liedje|grap|raadsel|voorbeeld`;

export const PRETENCES: Readonly<Record<Language, PretenceWords>> = {
  en: {
    openers: `
      ok|okay|sure|sure thing|alright|all right|great|perfect|got it|of course|certainly|absolutely|yes|yeah|yep|no problem
      |done|all done|right|well|oh|so|now|good news|there|there we go|there you go|here we go|thanks|thank you|sorry
      |understood|excellent|hmm|um|uh|then|happy to|gladly|good|actually|and|also`,
    claims: `
      i(?:'ve| have)? (?:(?:just|now|also|already|successfully|gone ahead and|went ahead and) )*${ENGLISH_DONE}
        (?! (?:nothing|no|none))
      |i (?:was able|managed) to ${ENGLISH_DO}
      |(?:(?:it's|it is|that's|that is|everything's|everything is) )?(?:all |now |already )*done(?: now)?$|(?:sent|added|booked|deleted|saved|scheduled|removed|all set)$
      |done (?:it's|it is|that's|the|your)
      |(?:it's|it has|that's|that has|they've) (?:(?:now|just|already|successfully) )*been ${ENGLISH_PASSIVE}(?!.* by )
      |(?:the|your) (?:\\S+ )?${ENGLISH_THINGS} (?:has|have) (?:(?:now|just|already|successfully) )*been
         (?: (?:now|successfully))* ${ENGLISH_PASSIVE}(?!.* (?:by|to you)(?: |$))
      |(?:(?:the|your) )?${ENGLISH_THINGS} (?:sent|added|created|deleted|booked|saved|scheduled|set)$
      |(?:added|removed|saved|booked|scheduled) (?:\\S+ ){1,8}(?:to|from|on|in|for) (?:your|the)(?!.* by )
      |(?:\\S+ ){1,6}(?:is|are) now (?:on|in) (?:your|the)`,
    promises: `
      let's (?:check|see|look|find out|(?:take|have) a (?:quick )?look)
      |(?:i'll|i will|i'm going to|i am going to|i'm gonna|let me|allow me to)
        (?: (?:just|now|quickly|quick|first|also|then|go ahead and|go and))* ${ENGLISH_DO}
      |(?:i'm|i am) (?:(?:just|now|currently|already) )*${ENGLISH_DOING}
      |${ENGLISH_DOING}(?: (?:it|that|this|now|on|your|the|for|into|up)|$)
      |${ENGLISH_DOING}(?: \\S+){1,8} (?:now|for you|right away|list|calendar)$
      |(?:on it|right away|coming right up)$`,
    waits: `
      (?:please )?(?:just )?(?:(?:give me|wait|hold on|hang on) )?(?:just )?(?:one|a) (?:quick )?(?:moment|second|sec|minute)
        (?=$| (?:please|while|and|then|i'll|i'm|i will|let|as)(?: |$))
      |(?:please )?(?:hold on|hang on|hang tight|stand by|bear with me|hold the line)
        (?=$| (?:please|while|for|a|i'll|i'm|let)(?: |$))
      |(?:please )?(?:hold|wait)$
      |i'll be right back`,
    patience: `
      thanks|thank you|(?:thanks|thank you) for (?:your patience|waiting|holding)|please (?:hold|wait)|(?:this|it) (?:won't|will not) take long
      |(?:it'll|this'll|(?:this|it) (?:may|might|will|should)) (?:(?:only|just) )?take (?:only |just )?(?:a|a few)
        (?: (?:moment|seconds?|minute))`,
    elsewhere: `
      if|when|once|unless|until|after|before|whether|as|because|while|in case|that|says|said|say|writes|wrote|write|reads
      |told|tells|tell|asks|asked|mentions|mentioned|press|confirm|give|would|could|should|not|never|pretend|imagine`,
    condition: `
      if|once|when|whenever|unless|until|after|as soon as|in case|later|next time|another time|but|would|could|should|need`,
    looked: `
      (?:check|see|out|up) (?:if|whether|when)(?! you(?:'d|'re| would| are)? (?:like|want|wish|prefer|need|ready|say|confirm))`,
    asks: `
      confirm|say yes|say no|just say|press|let me know|tell me|give me (?:the|your)|your (?:ok|okay|go ahead|permission)
      |please (?:repeat|spell)`,
    readBack: `
      shall i|should i|do you want|would you like|may i|can i|is that|does (?:that|it)|what do you think|sounds? good|okay|ok
      |all right|ready`,
    further: "else|more|other|another|anything",
  },
  de: {
    openers: `
      ok|okay|klar|na klar|gut|alles klar|gerne|gern|natürlich|sicher|ja|jawohl|prima|super|perfekt|in ordnung|so|also
      |fertig|erledigt|danke|entschuldigung|tut mir leid|verstanden|einverstanden|und|selbstverständlich|genau|oh|ähm`,
    claims: `
      (?:(?:jetzt|gerade|eben|soeben|das|es|sie|ihn) )?(?:ich (?:hab|habe)|(?:hab|habe) ich)${GERMAN_BETWEEN} ${GERMAN_DONE}
        (?! (?:hat|hast|habt|haben|wurde|worden|ist|und nicht))
      |ich (?:hab's|habe es|hab es|habe das) (?:(?:schon|gerade|jetzt) )?erledigt
      |(?:(?:das|es) ist |ist |schon |alles )?(?:erledigt|gemacht)$
      |(?:die|deine|ihre) (?:mail|e mail|nachricht) ist (?:jetzt )?raus
      |(?:deine|die|ihre|der|dein|ihr|das) (?:\\S+ ){1,3}(?:ist|wurde)(?: (?:jetzt|nun|bereits|erfolgreich|soeben|schon))*
        (?: ${GERMAN_DONE})$
      |(?:\\S+ ){1,6}(?:steht|stehen|ist) (?:jetzt|nun) (?:auf|in) (?:deiner|deinem|ihrer|ihrem|der|dem)
      |(?:hinzugefügt|gesendet|abgeschickt|gelöscht|gebucht|eingetragen|gespeichert)$`,
    promises: `
      ich (?:schaue|schau|sehe|seh)(?: \\S+){0,6} (?:nach|rein|durch)(?=$| (?:ob|wann|was|wie|wer|wo)(?: |$))
      |ich (?:schaue|schau|sehe|seh) mir(?: \\S+){0,6} an$
      |ich (?:prüfe|überprüfe|checke|suche|sende|schicke|verschicke|lösche|buche|bestelle|reserviere|erstelle|speichere
        |entferne|aktualisiere|verschiebe|markiere|kümmere mich|verbinde (?:dich|sie))
      |ich (?:füge|trage|lege|setze|leite)(?: (?!dass )\\S+){1,10} (?:hinzu|ein|an|auf|weiter)
      |ich werde(?: (?!(?:nicht|nie|kein|keine|keinen)(?: |$))\\S+){0,8} ${GERMAN_DO}
      |(?:lass|lassen sie) mich(?: \\S+){0,6} ${GERMAN_DO}
      |wird (?:(?:sofort|gleich) )?(?:gemacht|erledigt)$`,
    waits: `
      (?:nur )?(?:einen|ein|nen) (?:(?:kurzen|kleinen) )?(?:moment|augenblick)(?=$| (?:bitte|mal|noch|geduld|während)(?: |$))
      |(?:moment|sekunde|augenblick)(?: (?:bitte|mal))*$
      |(?:nur )?eine (?:kleine )?sekunde(?: bitte)?$
      |(?:bitte )?(?:warte|warten sie|bleib|bleiben sie)(?: (?:kurz|bitte|dran|einen moment|einen augenblick))+$`,
    patience: `
      danke|vielen dank|danke für (?:deine|ihre|die) geduld|bitte warten|das dauert (?:nur )?(?:kurz|einen moment|nicht lange)
      |bin gleich (?:wieder da|so weit)`,
    elsewhere: `
      wenn|falls|sobald|nachdem|bevor|ob|dass|weil|als|während|schreibt|schrieb|sagt|sagte|meint|fragt|drücke|drücken|sag
      |sagen|gib|geben|würde|könnte|nicht|nie|wie`,
    condition: `
      wenn|falls|sobald|nachdem|bevor|später|nächstes mal|aber|würde|könnte|brauche|nicht|kein|keine|keinen`,
    looked: "(?:nach|prüfe|schaue|sehe) (?:ob|wann|wenn)",
    asks: `
      bestätige|bestätigen|sag ja|sagen sie ja|drücke|drück|drücken sie|sag mir|sagen sie mir|sag bescheid|lass mich wissen
      |lassen sie mich wissen|gib mir|geben sie mir|(?:deine|ihre) (?:zustimmung|bestätigung)`,
    readBack: `
      soll ich|darf ich|möchtest du|möchten sie|willst du|wollen sie|passt das|stimmt das|ist das|in ordnung|einverstanden
      |okay|ok|ja|richtig`,
    further: "noch|sonst|weitere|weiteres|anderes",
  },
  fr: {
    openers: `
      ok|okay|d'accord|bien sûr|très bien|parfait|entendu|oui|voilà|alors|bon|merci|désolé|désolée|super|et|c'est noté
      |compris|bien|euh|ah|avec plaisir|c'est fait`,
    claims: `
      (?:j'ai|je (?:(?:te|vous|le|la|les|lui|leur) )?(?:l'|les |t')?ai)(?: (?:bien|déjà|aussi|donc|maintenant))* ${FRENCH_DONE}
        (?! (?:rien|aucun|aucune))
      |je viens (?:d'|de (?:l'|${FRENCH_IT} )?)(?:envoyer|ajouter|créer|supprimer|réserver|enregistrer|modifier|vérifier
        |programmer|commander|retirer|déplacer)
      |c'est (?:(?:bien|maintenant|déjà) )?(?:fait|envoyé|ajouté|réservé|supprimé|enregistré)$
      |(?:votre|ton|ta|le|la|l'e|l'email) (?:mail|message|tâche|rappel|rendez vous|événement)? ?(?:a|est)
        (?: (?:bien|maintenant|déjà))* (?:été )?(?:envoyé|ajouté|créé|supprimé|enregistré)e?(?!.* par )
      |(?:\\S+ ){1,6}(?:est|sont) (?:maintenant|désormais) (?:sur|dans) (?:votre|ta|ton|la)
      |(?:envoyé|ajouté|réservé|supprimé)$`,
    promises: `
      je vais(?: (?:d'abord|maintenant|vite|tout de suite|juste))* (?:m'en |l'|${FRENCH_IT} |vous l'|te l')?${FRENCH_DO}
      |(?:laissez|laisse) moi(?: (?:juste|vite|rapidement))* (?:l'|${FRENCH_IT} )?${FRENCH_DO}
      |je (?:l'|${FRENCH_IT} |vous l'|te l')?(?:vérifie|consulte|recherche|cherche|envoie|ajoute|supprime|crée|réserve
        |commande|enregistre|transfère|programme)
      |je regarde|j'envoie|j'ajoute(?! que)|j'enregistre|je m'en (?:occupe|charge)|je (?:te|vous) passe`,
    waits: `
      (?:juste )?un (?:petit )?(?:instant|moment)(?=$| (?:s'il|svp|je|pendant|le temps)(?: |$))
      |(?:juste )?une (?:petite )?seconde(?=$| (?:s'il|svp|je)(?: |$))
      |(?:(?:veuillez )?patienter|patientez|ne quittez pas|attendez|attends)(?: (?:un|une|instant|moment|seconde|svp))*$`,
    patience: `
      merci|merci (?:de|pour) (?:(?:votre|ta) )?(?:patience|patienter)|ne quittez pas
      |(?:ça|cela) ne (?:sera|prendra) (?:pas|qu'un)(?: \\S+)*`,
    elsewhere: `
      si|quand|lorsque|dès|une fois|après|avant|que|qui|parce|comme|pendant|écrit|dit|demande|appuyez|appuie|dites|dis
      |donne|donnez|pourrais|pas|jamais`,
    condition: `
      si|quand|lorsque|dès|une fois|après que|avant de|plus tard|la prochaine fois|mais|pourrais|besoin|pas`,
    looked: "(?:vérifier|vérifie|voir|regarder|regarde) si",
    asks: `
      confirmez|confirme|confirmer|appuyez|appuie|dites (?:oui|moi)|dis (?:oui|moi)|donnez moi|donne moi|ton accord
      |votre (?:accord|confirmation)|faites le moi savoir`,
    readBack: `
      voulez vous|veux tu|tu veux|vous voulez|souhaitez vous|dois je|je (?:l'|le |la )?(?:envoie|ajoute|fais)|ça (?:te|vous) va
      |c'est (?:bon|ça|correct)|d'accord|ok|okay`,
    further: "autre|autres|encore|plus",
  },
  es: {
    openers: `
      ok|okay|vale|claro|claro que sí|por supuesto|de acuerdo|perfecto|muy bien|bien|listo|hecho|sí|entendido|gracias|perdón
      |lo siento|disculpe|disculpa|bueno|y|genial|con gusto|ahora|ya|ahora mismo|enseguida|en seguida`,
    claims: `
      (?:${SPANISH_IT} )*he ${SPANISH_DONE}(?! (?:nada|ningún|ninguna|ninguno))
      |acabo de (?:enviar|añadir|agregar|crear|borrar|eliminar|reservar|mandar|guardar|programar|comprobar|revisar|mover)
        (?:(?:te|se)?l[oa]s?|les?|te)?
      |(?:${SPANISH_IT} )*(?:añadí|agregué|envié|mandé|creé|borré|eliminé|reservé|guardé|programé|actualicé|compré|marqué|moví)
        (?! (?:nada|ningún|ninguna|ninguno))
      |(?:ya )?está (?:hecho|enviad[oa]|añadid[oa]|agregad[oa]|reservad[oa]|listo)$
      |(?:hecho|enviado|añadido|agregado|reservado)$
      |(?:ya )?se ha (?:enviado|añadido|agregado|creado|borrado|eliminado|guardado|reservado)(?!.* por )
      |(?:tu|su|el|la) (?:mensaje|correo|email|tarea|recordatorio|evento|cita) (?:ya )?(?:ha sido|fue|está)
        (?: (?:enviad|añadid|agregad|cread|borrad|eliminad|guardad|reservad))[oa](?!.* por )
      |(?:\\S+ ){1,6}ya está(?:n)? en (?:tu|su|la)`,
    promises: `
      voy a (?:(?:ahora|primero) )?${SPANISH_DO}
      |(?:déjame|déjeme|dejame|permíteme|permítame)(?: que)? ${SPANISH_DO}
      |(?:${SPANISH_IT} )*(?:compruebo|reviso|busco|consulto|miro|verifico|envío|mando|añado|agrego|borro|elimino|reservo)
      |estoy (?:buscando|revisando|comprobando|consultando|verificando|enviando|añadiendo|agregando|mirando)
      |me (?:encargo|ocupo)|(?:te|le) (?:paso|transfiero|comunico) con`,
    waits: `
      (?:solo )?un (?:momento|momentito|segundo|minuto|instante)(?=$| (?:por favor|mientras|que)(?: |$))
      |(?:espera|espere|aguarde|aguarda|dame|deme)(?: (?:un|una|por|momento|segundo|instante|favor|momentito))*$`,
    patience: "gracias|gracias por (?:(?:tu|su|la) paciencia|esperar)|no (?:tardaré|tardará|tardo)(?: \\S+)*",
    elsewhere: `
      si|cuando|una vez|después|antes|que|porque|como|mientras|escribe|escribió|dice|dijo|pregunta|pulsa|pulse|di|diga|dame
      |deme|podría|no|nunca`,
    condition: "si|cuando|una vez|después de|antes de|más tarde|la próxima|pero|podría|necesito|no",
    looked: "(?:ver|comprobar|revisar|compruebo|reviso|miro|mirar|verificar|compruebe|revise|vea) si",
    asks: `
      confirma|confirme|confírmame|confírmeme|pulsa|pulse|di (?:que )?sí|diga (?:que )?sí|dime|dígame|avísame|avíseme
      |tu confirmación|su confirmación`,
    readBack: `
      quieres|quiere|desea|deseas|te gustaría|le gustaría|(?:lo|la) (?:envío|mando|añado|hago)|está bien|te parece|le parece
      |de acuerdo|vale|es correcto|ok|okay`,
    further: "más|otra|otro|algo",
  },
  it: {
    openers: `
      ok|okay|certo|certamente|va bene|perfetto|bene|benissimo|d'accordo|sì|fatto|ecco|ecco fatto|capito|grazie|scusa|scusi
      |mi dispiace|e|subito|ora|adesso|allora|volentieri|ottimo`,
    claims: `
      (?:(?:già|ti|vi|le|gli) )*(?:l'ho|gliel'ho|te l'ho|ve l'ho|ho)(?: (?:appena|già|anche|ora|subito))* ${ITALIAN_DONE}
        (?! (?:niente|nulla|nessun|nessuna))
      |(?:(?:è|già|tutto) )*fatto$
      |(?:aggiunto|inviato|inviata|mandato|eliminato|prenotato|salvato)$
      |(?:è stat[oa]|sono stat[ei]) (?:aggiunt|inviat|mandat|creat|eliminat|prenotat|salvat)[oaei](?!.* da )
      |(?:il|la|il tuo|la tua|il suo|la sua) (?:messaggio|mail|e mail|email|promemoria|attività|evento) è(?: stat[oa])?
        (?: (?:ora|già))? (?:aggiunt|inviat|mandat|creat|eliminat|prenotat|salvat)[oa](?!.* da )
      |l'(?:e mail|email) è(?: stata)? (?:inviata|mandata)(?!.* da )
      |(?:\\S+ ){1,6}(?:è|sono) (?:ora|adesso) (?:nella|sulla|nel|sul) (?:tua|tuo|sua|suo)`,
    promises: `
      (?:fammi|mi faccia|lasciami|mi lasci|lascia che|permettimi di|mi permetta di|vado a)(?: (?:subito|solo))* ${ITALIAN_DO}
      |(?:(?:lo|la|li|le|te lo|glielo|ti) )?(?:controllo|verifico|cerco(?! di)|invio|mando|aggiungo(?! che)|elimino|prenoto|creo
        |salvo|inoltro)
      |(?:do|dò|darò) (?:subito )?un'occhiata|vedo subito|ci penso io|provvedo|me ne occupo
      |sto (?:controllando|cercando|verificando|inviando|aggiungendo|guardando)
      |(?:controllerò|verificherò|cercherò(?! di)|invierò|manderò|aggiungerò)
      |(?:ti|la) (?:passo|trasferisco)`,
    waits: `
      (?:solo )?un (?:attimo|momento|secondo|istante|attimino)(?=$| (?:per|prego|solo|che)(?: |$))
      |(?:attendi|attenda|aspetta|aspetti)(?: (?:un|per|favore|attimo|momento|in|linea))*$`,
    patience:
      "grazie|grazie per (?:la pazienza|l'attesa|aver atteso|aspettare)|ci vorrà (?:solo )?un(?: \\S+)*",
    elsewhere: `
      se|quando|una volta|dopo|prima|che|perché|come|mentre|scrive|dice|ha scritto|chiede|premi|prema|dimmi|mi dica|dammi
      |potrei|non|mai`,
    condition:
      "se|quando|appena|una volta|dopo che|prima di|più tardi|la prossima volta|ma|potrei|bisogno|non",
    looked: "(?:controllare|controllo|vedere|verificare|verifico) se",
    asks: `
      conferma|confermi|confermami|premi|prema|di' di sì|dimmi|mi dica|fammi sapere|mi faccia sapere|la tua conferma`,
    readBack:
      "vuoi|vuole|desidera|posso|devo|(?:lo|la) (?:invio|mando|aggiungo|faccio)|va bene|giusto|è corretto|d'accordo|ok|okay",
    further: "altro|altra|altri|ancora",
  },
  pt: {
    openers: `
      ok|okay|claro|claro que sim|com certeza|certo|perfeito|muito bem|está bem|tudo bem|bem|sim|pronto|feito|entendido
      |obrigado|obrigada|desculpe|desculpa|e|ótimo|agora|já|beleza|combinado`,
    claims: `
      (?:(?:já|eu|te|lhe|o|a) )*${PORTUGUESE_DID}(?! (?:nada|nenhum|nenhuma))
      |acabei de (?:(?:lhe|te|o|a) )?(?:enviar|adicionar|criar|apagar|eliminar|reservar|mandar|guardar|salvar|agendar|marcar
        |verificar|mover)
      |(?:já )?(?:está|tá) (?:feito|${PORTUGUESE_DONE})$
      |(?:feito|enviado|enviada|adicionado|reservado|agendado)$
      |(?:já )?foi ${PORTUGUESE_DONE}(?!.* (?:por|pelo|pela) )
      |(?:a|o|sua|seu|a sua|o seu|a tua|o teu) (?:mensagem|e mail|email|tarefa|lembrete|evento) (?:já )?foi ${PORTUGUESE_DONE}
        (?!.* (?:por|pelo|pela) )
      |(?:\\S+ ){1,6}(?:já está|agora está|está agora) (?:na|no) (?:sua|seu|tua|teu)`,
    promises: `
      (?:eu )?vou (?:(?:já|agora|só|primeiro|rapidamente) )*${PORTUGUESE_DO}
      |(?:deixe me|deixa me|deixe eu|deixa eu|me deixe|me deixa|permita me) (?:só )?${PORTUGUESE_DO}
      |estou (?:a )?(?:verificar|verificando|procurar|procurando|consultar|consultando|enviar|enviando|adicionar|adicionando
        |buscar|buscando)
      |(?:vou tratar|trato) (?:já )?(?:disso|disto)
      |(?:verifico|envio|procuro|adiciono|consulto)(?=$| (?:já|agora|isso)(?: |$))
      |vou (?:lhe |te )?(?:transferir|passar)(?! a (?!chamada))`,
    waits: `
      (?:só )?um (?:momento|momentinho|instante|segundo|minuto|minutinho)(?=$| (?:por favor|se faz|enquanto|que)(?: |$))
      |(?:aguarde|aguarda|espere|espera)(?: (?:um|por|momento|favor|instante))*$`,
    patience: `
      obrigad[oa]|obrigad[oa] (?:pela|por) (?:(?:sua|tua) )?(?:paciência|aguardar|esperar)|(?:não )?vai (?:demorar|levar)(?: \\S+)*`,
    elsewhere: `
      se|quando|assim que|depois|antes|que|porque|como|enquanto|escreve|escreveu|diz|disse|pergunta|prima|aperte|diga|dê
      |poderia|não|nunca`,
    condition: "se|quando|assim que|depois de|antes de|mais tarde|da próxima|mas|poderia|preciso|não",
    looked: "(?:ver|verificar|consultar|verifico) se",
    asks: `
      confirme|confirma|prima|aperte|pressione|diga sim|diga me|me diga|me avise|avise me|a sua confirmação|sua confirmação`,
    readBack: "quer|queres|deseja|posso|devo|gostaria|está bem|tá bom|está certo|correto|pode ser|ok|okay",
    further: "mais|outra|outro|algo",
  },
  nl: {
    openers: `
      ok|okay|oké|oke|prima|goed|natuurlijk|zeker|ja|jazeker|graag|klaar|gedaan|perfect|begrepen|bedankt|sorry|en|akkoord|top`,
    claims: `
      (?:(?:nu|net|zojuist|dat|het|die) )?(?:ik heb|heb ik)${DUTCH_BETWEEN} ${DUTCH_DONE}
        (?! (?:heeft|hebt|hebben|werd|is|en niet))
      |(?:(?:het|dat) is |alles is |is )?(?:gedaan|geregeld|gebeurd|gelukt)$
      |(?:je|de|uw|het) (?:\\S+ ){1,3}is(?: (?:nu|al|zojuist))* (?:verstuurd|verzonden|toegevoegd|aangemaakt|verwijderd|geboekt
        |opgeslagen)$
      |(?:\\S+ ){1,6}(?:staat|staan) nu (?:op|in) (?:je|uw|de|het)
      |(?:toegevoegd|verstuurd|verzonden|verwijderd|geboekt)$`,
    promises: `
      ik (?:kijk(?! (?:ernaar |er naar )?uit)|zoek|check|controleer|verstuur|stuur|verwijder|boek|bestel|regel)
      |ik (?:voeg|zet|sla)(?: \\S+){1,10} (?:toe|op|in|erop|erbij)
      |ik (?:ga|zal)(?: (?!(?:niet|nooit|geen)(?: |$))\\S+){0,8} ${DUTCH_DO}
      |laat me(?: \\S+){0,6} ${DUTCH_DO}
      |(?:even|eens) (?:kijken|checken)|ik verbind (?:je|u) door`,
    waits: `
      (?:heel even )?(?:een|één) (?:moment|momentje|ogenblik|ogenblikje|seconde)
        (?=$| (?:alsjeblieft|alstublieft|graag|terwijl)(?: |$))
      |(?:momentje|ogenblikje|moment|seconde)(?: (?:alsjeblieft|alstublieft|graag))?$
      |(?:wacht|blijf|blijft u)(?: (?:even|aan|de|lijn|alsjeblieft|alstublieft))+$`,
    patience:
      "bedankt|dank je|bedankt voor (?:je|uw|het) (?:geduld|wachten)|(?:dit|het) duurt (?:maar )?(?:even|niet lang)",
    elsewhere: `
      als|wanneer|zodra|nadat|voordat|of|dat|omdat|terwijl|toen|schrijft|schreef|zegt|zei|vraagt|druk|zeg|geef|zou|niet
      |nooit|zoals`,
    condition: "als|wanneer|zodra|nadat|voordat|later|volgende keer|maar ik|zou|moet|nodig|niet|geen",
    looked: "(?:kijken|kijk|kijk even|checken|controleer) (?:of|wanneer)",
    asks: `
      bevestig|bevestigt u|zeg ja|zeg maar|druk|vertel me|laat me weten|laat het me weten|geef me|je bevestiging
      |uw bevestiging`,
    readBack: "zal ik|wil je|wilt u|mag ik|moet ik|klopt dat|is dat|goed|akkoord|oké|oke|ok|okay",
    further: "nog|anders|verder|iets",
  },
};
