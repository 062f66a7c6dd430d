/**
 * What a model can say that it did or does, by language: the verbs in the expressions of pretence-words.ts. One is here if
 * a tool could do it, with its object where people also use it for something else ("I'll put it simply"). To cancel is
 * here with a thing of the caller's or not at all: a model that was told no says "I've cancelled that", and pretends
 * nothing.
 */
export const ENGLISH_DONE = `
  (?:added|sent|emailed|texted|messaged|created|deleted|removed|scheduled|rescheduled|booked|forwarded|archived|saved(?! the best)
  |ordered|purchased|bought|submitted|renamed|reserved|invited|unsubscribed|notified|checked|searched(?! my memory)
  |transferred|marked|posted|cancell?ed (?:your|the (?!request))|replied to(?! your? )
  |looked (?:(?:it|that|this|them) )?(?:up|into|through|for)
  |(?:updated|changed|shared|moved|completed|recorded|logged|paid|placed) (?:it|that|them|the(?! (?:subject|topic))|your|for)
  |(?:turned|switched) (?:it|that|them|the|your|on|off)|set (?:a|an|it|that|the|your|up)
  |put (?:\\S+ ){1,6}(?:on|in) (?:your|the)
  |made (?:\\S+ ){1,3}(?:reservation|booking|appointment|payment|purchase|order)
  |wr(?:ote|itten) (?:to|it down|that down|an? (?:e mail|email|message))|let (?!you )(?:\\S+ ){1,2}know)`;
export const ENGLISH_DO = `
  (?:check(?! (?:in|back))|look (?:(?:it|that|this|them|those) )?(?:up|into|for|through)|look at (?:your|the|that)|look$
  |(?:take|have) a (?:quick |closer )?look|see(?:$| (?:what|what's|who|who's|if|whether|when))
  |search|find (?:out|it|that|your|the|those|them)|fetch|pull (?:up|it|that|your|the|them)|get (?:it|that|those|them|your)
  |send|add(?! that (?:i|you|it|he|she|they|there|the|this))|create|delete|remove|schedule|reschedule|book|email|text
  |message|forward|archive|submit|reserve|draft|mark|reply to|cancel (?:your|the (?!request))
  |save (?:it|that|this|the|your)|write (?:to|it|that|her|him|them|an|a|the)
  |order (?:it|that|them|the|a|an|your|some)|buy (?:it|that|them|the|a|an|some)|pay (?:it|that|the|your|for)
  |(?:update|change|move) (?:it|that|them|the (?!subject|topic)|your|this)|set (?:a|an|it|that|the|your|up)
  |put (?:\\S+ ){1,6}(?:(?:on|in) (?:your|the)|through)
  |make (?:a|an|the|that|your) (?:\\S+ )?(?:note|reservation|booking|appointment|payment|order|task|change)
  |remind you(?! that)|try (?:(?:it|that) )?again|take care of (?:it|that|this)|do (?:it|that) (?:right )?(?:now|away)
  |transfer you|connect you|hang up)`;
export const ENGLISH_DOING = `
  (?:checking|looking (?:(?:it|that|this|them|those) )?(?:up|into|through)|looking for|searching|fetching|sending|adding
  |creating|deleting|removing|scheduling|booking|saving|forwarding|archiving|updating|marking|transferring you
  |connecting you|putting you through|pulling (?:up|it|that|your|the)|getting (?:it|that|your)|working on (?:it|that))`;
export const ENGLISH_PASSIVE = `
  (?:added|sent|created|deleted|removed|booked|scheduled|saved|updated|moved|marked|archived|forwarded)`;
export const ENGLISH_THINGS =
  "(?:e mail|email|mail|message|text|reply|task|reminder|item|event|note|appointment)";

export const GERMAN_DONE = `
  (?:hinzugefügt|gesendet|geschickt|abgeschickt|verschickt|versendet|abgesendet|eingetragen|erstellt|angelegt|gelöscht
  |entfernt|verschoben|gebucht|reserviert|bestellt|gespeichert|aktualisiert|geändert|abgehakt|abgesagt|weitergeleitet
  |gesetzt|gestellt|archiviert|nachgeschaut|nachgesehen|geprüft|überprüft|eingeladen|geschrieben|markiert)`;
/** Between "ich habe" and its participle: nothing that changes who did it, or whether. */
export const GERMAN_BETWEEN = `
  (?: (?!(?:nicht|nichts|nie|niemals|noch|kein|keine|keinen|keiner|dass|ob|weil|was|wie|wer|hat|hast|haben|ist|sind
  |wurde|wurden|du|er|gesehen|gehört|gefunden|gelesen|bekommen|erhalten)(?: |$))\\S+){0,12}`;
export const GERMAN_DO = `
  (?:nachsehen|nachschauen|schauen|sehen|prüfen|überprüfen|checken|suchen|senden|schicken|abschicken|hinzufügen|eintragen
  |erstellen|anlegen|löschen|entfernen|buchen|bestellen|speichern|weiterleiten|verschieben)`;

export const FRENCH_DONE = `
  (?:ajouté|envoyé|créé|supprimé|réservé|enregistré|modifié|vérifié|programmé|commandé|retiré|déplacé|transféré
  |planifié|archivé|consulté|effacé|coché|répondu|mis à jour|mis (?:\\S+ ){1,5}(?:sur|dans))(?:e|es|s)?`;
export const FRENCH_DO = `
  (?:vérifier|regarder|consulter|chercher|rechercher|envoyer|ajouter|créer|supprimer|réserver|commander|enregistrer
  |modifier|programmer|transférer|déplacer|voir|jeter un œil|jeter un coup d'œil|occuper|essayer à nouveau)`;
export const FRENCH_IT = "(?:le|la|les|vous|te|lui|vous le|vous la|te le|te la|le lui|la lui)";

export const SPANISH_DONE = `
  (?:añadido|agregado|enviado|mandado|creado|borrado|eliminado|reservado|guardado|programado|actualizado|comprado|marcado
  |movido|reenviado|archivado|revisado|comprobado|respondido|puesto (?:\\S+ ){1,5}en)`;
export const SPANISH_DO = `
  (?:(?:comprobar|revisar|mirar|buscar|consultar|verificar|ver|enviar|mandar|añadir|agregar|crear|borrar|eliminar|reservar
  |guardar|programar|actualizar|comprar|marcar|mover|reenviar)(?:(?:te|se)?l[oa]s?|les?|te)?
  |compruebe|revise|mire|busque|consulte|verifique|vea)`;
export const SPANISH_IT = "(?:ya|te|le|se|lo|la|los|las|les)";

export const ITALIAN_DONE = `
  (?:(?:aggiunt|inviat|mandat|creat|eliminat|prenotat|salvat|aggiornat|spostat|inoltrat|archiviat|ordinat|controllat
  |verificat|rispost)[oaei]|messo (?:\\S+ ){1,5}(?:nella|sulla|nel|sul))`;
export const ITALIAN_DO = `
  (?:(?:controllar|verificar|veder|cercar|guardar|inviar|mandar|aggiunger|crear|eliminar|prenotar|salvar)(?:e|l[oaie])
  |dare un'occhiata|controlli|verifichi|cerchi|guardi)`;

export const PORTUGUESE_DID = `
  (?:adicionei|enviei|mandei|criei|apaguei|eliminei|removi|reservei|guardei|salvei|agendei|marquei|atualizei|comprei|movi
  |encaminhei|verifiquei|acrescentei)`;
export const PORTUGUESE_DONE =
  "(?:adicionad|enviad|criad|apagad|eliminad|guardad|salv|agendad|reservad|marcad)[oa]";
export const PORTUGUESE_DO = `
  (?:(?:lhe|te|o|a) )?(?:verificar|ver|consultar|procurar|pesquisar|buscar|enviar|mandar|adicionar|criar|apagar|eliminar
  |remover|reservar|guardar|salvar|agendar|marcar|atualizar|comprar|mover|encaminhar|acrescentar|dar uma olhada|checar
  |tratar disso)`;

export const DUTCH_DONE = `
  (?:toegevoegd|gestuurd|verstuurd|verzonden|aangemaakt|verwijderd|geboekt|besteld|opgeslagen|bijgewerkt|verplaatst
  |gewijzigd|afgevinkt|doorgestuurd|gearchiveerd|gezet|nagekeken|gecontroleerd|gereserveerd|ingepland|uitgenodigd|gemaild)`;
export const DUTCH_BETWEEN = `
  (?: (?!(?:niet|niets|nooit|nog|geen|dat|of|omdat|wat|hoe|wie|heeft|hebt|hebben|is|zijn|werd|jij|hij|gezien|gehoord
  |gevonden|gelezen|gekregen|ontvangen)(?: |$))\\S+){0,12}`;
export const DUTCH_DO = `
  (?:kijken|nakijken|bekijken|opzoeken|zoeken|checken|controleren|zien|sturen|versturen|toevoegen|aanmaken|verwijderen
  |boeken|bestellen|opslaan|regelen)`;
