import { describe, expect, test } from "bun:test";
import { type Pretence, pretence } from "../../../relay/call/pretence.ts";

const TOOLS = [
  "todoist_create_task",
  "gmail_send_email",
  "calendar-find-event",
  "getWeather",
  "search",
  "current_time",
  "end_call",
];

/** A whole response a line. */
function all(language: string | undefined, expected: Pretence | undefined, table: string): void {
  const responses = table
    .split("\n")
    .flatMap((line): [string][] => (line.trim() === "" ? [] : [[line.trim()]]));
  test.each(responses)(`${language ?? "no language"}, ${expected ?? "nothing"}: %s`, (response) => {
    expect(pretence(response, TOOLS, language)).toBe(expected);
  });
}

describe("English", () => {
  all(
    "en-US",
    "claims",
    `I've added milk to your list.
     I’ve added milk to your list.
     I have sent the email.
     I've just sent Anna the message.
     I just sent it.
     I sent the email to Anna.
     Done, it's on your list.
     Done! Anything else?
     Done.
     All done!
     All set.
     That's done.
     It's done now.
     Okay, I've added milk and eggs. Anything else?
     Okay Tom, I've added milk to the list.
     Your email has been sent.
     The task has been created.
     Great, the message has been sent to Anna.
     It's been added to your list.
     Email sent.
     Sent!
     Added milk to your list.
     I've gone ahead and booked the table.
     I went ahead and sent it.
     I've put milk on your shopping list.
     I've set a reminder for five.
     I've deleted it, so you don't have to worry.
     I've checked your calendar, and you are free at three.
     I looked it up, and the shop closes at eight.
     I was able to send the email.
     Milk is now on your list.
     Sure thing! I've marked it as done. Is there anything else I can do for you?
     I've let Anna know that you're late.
     I've updated your task.
     I've replied to Anna.
     I found the task, and I've deleted it.
     I've sent Anna the following: I'm late.
     I've sent Anna "I'm ten minutes late".
     I've already added it.
     Alright, that's been sent.
     I've cancelled your appointment.
     I've sent it. Let me know if you need anything else.
     I've added milk. Would you like me to add anything else?
     Okay, done.
     Perfect, all set!
     I wrote to Anna.
     I've turned off the lights.
     I've completed the task.
     I have put the meeting in your calendar.
     I've sent the email to Dr. Meyer.
     Ok, so I've just booked the table for 7:30.`,
  );
  all(
    "en",
    "promises",
    `Let me check your tasks.
     Let me check.
     Let me see.
     One moment, I'll look that up.
     One moment, please.
     One moment while I check your calendar.
     Just a moment.
     Just a sec, let me look.
     Hold on.
     Hang on a second.
     Give me a moment.
     Give me a second, I'll check.
     Bear with me.
     Sure, I'll send that now.
     I'll add milk to your list.
     I will send the email to Anna now.
     I'm going to look that up for you.
     I'm checking your calendar now. Thanks for your patience.
     Checking your calendar now...
     Looking that up now.
     Let me check if Anna wrote back.
     Let me check when your next meeting is.
     Let me see what's on your list.
     Let me take a look at your inbox.
     Let me pull up your tasks.
     Let me quickly check that for you.
     I'll go ahead and send it.
     You have three tasks today. Let me check your calendar too.
     Sorry about that. Let me try that again.
     I'll take care of that right away.
     On it.
     I'll put milk on your list.
     I'll set a reminder for five o'clock.
     I'll set a reminder for 7:30.
     I'll remind you at five.
     I'll mark it as done.
     I'll transfer you to Anna now.
     I'll check your inbox. This will only take a moment.
     Let me check your calendar for tomorrow.
     Okay, I'm sending it now.
     Got it, I'm adding milk and eggs to your list.
     Alright, let me look into that. One moment, please.
     I'll be right back.
     I'm sorry about the wait, I'll check now.
     Hmm, let's see.
     Let me put you through to Anna.
     Hang on, let me check.
     Adding milk to your list now.
     I'll cancel your appointment.
     Sure, Tom, I'll check your inbox.
     I'll look into it and let you know.
     Let me look. Thank you.
     I'll hang up now.`,
  );
  all(
    "en",
    "spells_out",
    `{"name": "todoist_create_task", "arguments": {"content": "milk"}}
     { “name” : “search” }
     {name: search, query: milk}
     Sure. {"query":"milk"}
     \`\`\`json
     todoist_create_task(content="milk")
     I will use gmail_send_email.
     Let me call todoist_create_task for you.
     Todoist_Create_Task.
     search("milk")
     getWeather(city: Berlin)
     <tool_call>
     functions.search
     unknown_tool(milk)
     Calling todoist underscore create underscore task.
     Calling todoist create task.
     Let me use getWeather for that.
     Calling calendar find event with Anna.`,
  );
  all(
    "en",
    undefined,
    `Shall I add it?
     Should I send it now?
     Do you want me to send it?
     Would you like me to check your calendar?
     I'd send Anna this: I'm ten minutes late. Do you want me to send it?
     I'll send Anna "I'm ten minutes late". Is that right?
     I'll send Anna "I'm ten minutes late". Say yes to confirm.
     I'm going to send an email to Anna, saying that you're late. Okay?
     I'll send it. Shall I?
     Let me check, what's the name again?
     One moment, did you say Anna?
     I can check your tasks.
     I could look that up for you.
     I'd be happy to check that.
     I'll be happy to help.
     I'll send it once you confirm.
     I'll send it as soon as you say yes.
     I'll send it when you're ready.
     I'll check if you like.
     If you say yes, I'll send it.
     Just say yes and I'll send it.
     Say yes, and I'll send it.
     Press one, I'll send it then.
     Tell me the name, I'll look it up.
     When you've decided, I'll book it.
     I'll send it, but I need Anna's address.
     I'll need the address first.
     I would send it to Anna.
     I can't send emails.
     I couldn't send the email.
     I wasn't able to send it.
     I haven't sent anything.
     I have not sent the email yet.
     I've sent nothing.
     I've added no tasks.
     I didn't send it.
     I won't send it.
     I will not send it.
     It hasn't been sent.
     The email has not been sent.
     I'm not sending anything.
     Sorry, something went wrong, and it was not added.
     I don't know whether the email was sent.
     Has the email been sent?
     Did you mean the list that I've added milk to?
     Anna has sent you an email.
     Anna says she has sent you an email.
     Anna says, I've sent it.
     Anna writes: I've added Bob to the list.
     Anna writes: Hello. I've added Bob to the list. See you.
     When she called, I added it.
     Anna wrote "I have sent the contract. I've added Bob." yesterday.
     It reads “Hello. I've added Bob. See you.”
     She answered ‘Fine. I’ve sent it.’
     She told you that I've sent it.
     You've added milk already.
     Bob added milk to your list yesterday.
     The task has been created by Bob.
     Your email has been sent to you by mistake.
     The first one was sent yesterday.
     If I've sent it, you can see it in your outbox.
     Once I've added it, I tell you.
     Milk is on your list.
     You have three tasks today: call Bob, buy milk, and pay the rent.
     Let me check: you have three tasks.
     Let me check. You have three tasks.
     Let me check your tasks – you have three.
     Let me check your tasks - you have three.
     Let me check your tasks—you have three.
     I'll check; you have three tasks.
     Please confirm the address. I'll send it right away.
     Let me see — you have three tasks.
     One moment. You have three tasks.
     Hello, how can I help you?
     Hi Tom! I can check your mail, add tasks, and look things up.
     Goodbye!
     You're welcome.
     I'm doing well, thank you.
     I'm sorry.
     I'll let you know.
     Let me know what you think.
     Let me explain.
     Let me add that I'm only an assistant.
     I'll be here.
     I'll see you tomorrow.
     I'll do my best.
     I'll keep that in mind.
     I'll put it simply.
     I'll get to the point.
     I'll reply in English from now on.
     I'll look forward to it.
     I'm looking forward to it.
     I've made a mistake.
     I've noted that you like milk.
     I have three ideas.
     I have added value, they say, but what do they know?
     A moment ago you said Anna.
     A second option is the train.
     Hold on to your ticket.
     It's ten past five, and the sun is shining.
     Your search has three results.
     The current time is ten past five.
     I can end the call now.
     The recipe says to add milk. I love it.
     The capital of France is Paris.
     Okay, I've cancelled that.
     Okay, I'll cancel that.
     I've cancelled the request.
     Alright, I won't send it.
     Understood, nothing was sent.
     Dear Anna, I've sent the report. Best, Tom. Should I send it?
     Dear Anna, I've sent the report. How does that sound?
     Dear Anna, I've sent the report. What do you think?
     The message would be: I've sent the report. Say yes to send it.
     To Anna, I've sent the report. Press one to send it.
     I've created a little poem for you.
     I'll create a story about milk.
     I've saved the best for last.
     I've put a lot of thought into your question.
     I've let you know already.
     I've completed my training.
     I've changed the subject.
     I've replied to your question.
     I've searched my memory.
     Let me look at it this way.
     Let's book it!
     Let me put it into words.
     Let me check. Yes.
     Hang on, that's a Tuesday.
     Wait a minute, that's funny.
     One moment I was here, the next I was gone.
     I'll try again later.
     We've added a new feature.
     He said he'd check.
     I'm set. I'm done.
     The light is on, and the door is closed.
     It was a moment of joy.
     Visit example.com (it is free).
     You could write {smile} there.
     I'm in the middle of something.
     Nobody has been added.
     No, I haven't.
     Yes.
     Okay.
     .`,
  );

  test("silence is nothing", () => {
    expect(pretence("", TOOLS, "en")).toBeUndefined();
    expect(pretence(" \n", [], undefined)).toBeUndefined();
  });

  test("a tool that is a word of everyday speech is spelled out only as a call", () => {
    expect(pretence("Your search (the first one) found three.", TOOLS, "en")).toBeUndefined();
    expect(pretence("Search (the first one) found three.", ["find"], "en")).toBeUndefined();
    expect(pretence("You can confirm it.", ["confirm"], "en")).toBeUndefined();
    expect(pretence("confirm(r1)", ["confirm"], "en")).toBe("spells_out");
  });
});

describe("German", () => {
  all(
    "de",
    "claims",
    `Ich habe Milch zu deiner Liste hinzugefügt.
     Ich hab's erledigt, die E-Mail ist raus.
     Ich habe die E-Mail an Anna gesendet.
     Alles klar, ich habe Milch, Brot und Eier hinzugefügt.
     Ich habe dir einen Termin um fünf eingetragen.
     Gerade habe ich die Nachricht abgeschickt.
     Erledigt!
     Erledigt, Milch steht jetzt auf deiner Liste.
     Ist erledigt.
     Die E-Mail wurde gesendet.
     Deine Nachricht ist verschickt. Kann ich noch etwas tun?
     Milch steht jetzt auf deiner Liste.
     Ich habe in deinem Kalender nachgesehen, du hast frei.
     Ich habe den Tisch gebucht.
     Ich habe Milch hinzugefügt. Soll ich noch etwas hinzufügen?
     Gut, das habe ich eingetragen.`,
  );
  all(
    "de-CH",
    "promises",
    `Einen Moment, ich schaue nach.
     Einen Moment, bitte.
     Moment.
     Ich schaue kurz in deinem Kalender nach.
     Ich sehe nach, ob Anna geantwortet hat.
     Lass mich kurz nachsehen.
     Ich prüfe das.
     Ich füge Milch hinzu.
     Ich sende die E-Mail jetzt.
     Gerne, ich trage den Termin ein.
     Ich werde die E-Mail jetzt senden.
     Klar, ich suche das für dich heraus.
     Du hast drei Aufgaben. Ich schaue noch in den Kalender. Einen Augenblick.
     Eine Sekunde.
     Ich kümmere mich darum.
     Ich schaue mir das kurz an.
     Wird gemacht!`,
  );
  all(
    "de",
    undefined,
    `Soll ich Milch hinzufügen?
     Möchtest du, dass ich die E-Mail sende?
     Ich sende Anna: Ich komme zehn Minuten später. Soll ich?
     Ich kann nachsehen.
     Ich könnte die E-Mail senden.
     Ich habe nichts gesendet.
     Ich habe die E-Mail noch nicht gesendet.
     Ich habe keine E-Mail gesendet.
     Ich konnte die E-Mail nicht senden.
     Sobald du bestätigst, sende ich die E-Mail.
     Ich sende die E-Mail, sobald du bestätigst.
     Wenn du ja sagst, schicke ich sie ab.
     Sag ja, dann schicke ich sie ab.
     Anna hat dir eine E-Mail geschickt.
     Ich habe eine Nachricht, die Anna geschickt hat.
     Ich habe gehört, dass du die Mail gesendet hast.
     Anna schreibt: Ich habe den Vertrag gesendet.
     Anna schreibt, ich habe den Vertrag gesendet.
     In der Mail steht „Hallo. Ich habe den Vertrag gesendet.“
     Die Mail lautet »Hallo. Ich habe den Vertrag gesendet.«
     Einen Moment: du hast drei Aufgaben.
     Einen Moment. Du hast drei Aufgaben.
     Hallo, wie kann ich dir helfen?
     Ich habe drei Vorschläge.
     Milch steht auf deiner Liste.
     Ich werde das nicht senden.
     Lass mich wissen, was du denkst.
     Gern geschehen.
     Im Moment nicht.
     Auf Wiederhören!
     Okay, ich habe das storniert.
     Gut, ich sende sie nicht.
     Ich sehe in deinem Kalender einen Termin an diesem Tag.
     Ich sehe drei Termine nach 15 Uhr.
     Ich füge hinzu, dass ich nur ein Assistent bin.
     Liebe Anna, ich habe den Vertrag gesendet. Soll ich das abschicken?
     Einen Moment der Ruhe wünsche ich dir.`,
  );
});

describe("French", () => {
  all(
    "fr",
    "claims",
    `J'ai ajouté du lait à votre liste.
     J’ai bien envoyé le message.
     C'est fait.
     Voilà, c'est fait. Autre chose ?
     Je l'ai ajouté à ta liste.
     Je vous ai envoyé le mail.
     Je viens d'envoyer le message.
     Très bien, j'ai créé la tâche.
     Votre message a été envoyé.
     Le message a bien été envoyé.`,
  );
  all(
    "fr",
    "promises",
    `Je vais vérifier.
     Un instant, je regarde.
     Un instant, s'il vous plaît.
     Laissez-moi vérifier vos tâches.
     Laisse-moi regarder.
     Je vérifie si Anna a répondu.
     Je vais l'ajouter à votre liste.
     J'envoie le message maintenant.
     D'accord, je m'en occupe.
     Un moment. Merci de votre patience.`,
  );
  all(
    "fr",
    undefined,
    `Voulez-vous que je l'envoie ?
     Je peux vérifier vos tâches.
     Je n'ai rien envoyé.
     Je n'ai pas envoyé le message.
     Je n'ai pas pu l'ajouter.
     Si vous confirmez, je l'envoie.
     Je l'envoie dès que vous confirmez.
     Dites oui et je l'envoie.
     Anna vous a envoyé un message.
     Anna écrit : j'ai envoyé le contrat.
     Le message dit « Bonjour. J'ai envoyé le contrat. »
     J'ai trois idées.
     Bonjour, comment puis-je vous aider ?
     Un instant. Vous avez trois tâches.
     La tâche a été créée par Bob.
     Je ne vais pas l'envoyer.`,
  );
});

describe("Spanish", () => {
  all(
    "es",
    "claims",
    `He añadido leche a tu lista.
     Ya lo he enviado.
     Te he creado la tarea.
     Listo, he enviado el correo.
     Hecho.
     Ya está hecho. ¿Algo más?
     Acabo de enviar el mensaje.
     Envié el correo a Ana.
     Se ha añadido a tu lista.
     Tu mensaje ha sido enviado.`,
  );
  all(
    "es-MX",
    "promises",
    `Voy a revisar tus tareas.
     Un momento, por favor.
     Un momento, lo reviso.
     Déjame ver.
     Déjeme comprobar si Ana respondió.
     Claro, voy a enviarlo.
     Ahora mismo lo envío.
     Estoy buscando tu correo.
     Enseguida lo añado a tu lista.
     Me encargo.`,
  );
  all(
    "es",
    undefined,
    `¿Quieres que lo envíe?
     Puedo revisar tus tareas.
     No he enviado nada.
     No lo he enviado.
     No pude enviar el correo.
     Si confirmas, lo envío.
     Lo envío cuando confirmes.
     Di que sí y lo envío.
     Ana te ha enviado un correo.
     Ana dice: he enviado el contrato.
     Hola, ¿en qué puedo ayudarte?
     Un momento. Tienes tres tareas.
     Tengo tres ideas.
     No voy a enviarlo.
     Hay leche en tu lista.`,
  );
});

describe("Italian", () => {
  all(
    "it",
    "claims",
    `Ho aggiunto il latte alla tua lista.
     Ti ho inviato il messaggio.
     L'ho aggiunto alla lista.
     Gliel'ho mandato.
     Fatto!
     Fatto, ho inviato l'email. Altro?
     Ho appena inviato l'email.
     Il messaggio è stato inviato.`,
  );
  all(
    "it",
    "promises",
    `Fammi controllare.
     Un attimo, controllo subito.
     Un momento, per favore.
     Controllo se Anna ha risposto.
     Sto controllando il calendario.
     Lo aggiungo alla lista.
     Certo, invio subito il messaggio.
     Mi faccia verificare.`,
  );
  all(
    "it",
    undefined,
    `Vuoi che lo invii?
     Posso controllare i tuoi impegni.
     Non ho inviato niente.
     Non l'ho inviato.
     Non sono riuscito a inviarlo.
     Se confermi, lo invio.
     Lo invio appena confermi.
     Anna ti ha inviato un messaggio.
     Anna scrive: ho inviato il contratto.
     Ho tre idee.
     Ciao, come posso aiutarti?
     Un attimo. Hai tre impegni.
     Il latte è sulla tua lista.`,
  );
});

describe("Portuguese", () => {
  all(
    "pt-BR",
    "claims",
    `Adicionei leite à sua lista.
     Já enviei o e-mail.
     Pronto, enviei a mensagem.
     Acabei de enviar o e-mail.
     Feito!
     Já está feito. Mais alguma coisa?
     A mensagem foi enviada.`,
  );
  all(
    "pt",
    "promises",
    `Vou verificar.
     Um momento, por favor.
     Só um momento, vou ver a sua lista.
     Deixe-me verificar.
     Deixa eu ver.
     Estou a verificar o calendário.
     Estou verificando.
     Claro, vou adicionar leite à lista.
     Vou ver se a Ana respondeu.`,
  );
  all(
    "pt",
    undefined,
    `Quer que eu envie?
     Posso verificar as suas tarefas.
     Não enviei nada.
     Ainda não enviei.
     Não consegui enviar o e-mail.
     Se confirmar, vou enviar.
     Vou enviar assim que confirmar.
     A Ana enviou um e-mail.
     A Ana diz: enviei o contrato.
     Tenho três ideias.
     Olá, como posso ajudar?
     Um momento. Tem três tarefas.
     A tarefa foi criada pelo Bob.`,
  );
});

describe("Dutch", () => {
  all(
    "nl",
    "claims",
    `Ik heb melk aan je lijst toegevoegd.
     Ik heb de e-mail naar Anna gestuurd.
     Ik heb het bericht zojuist verzonden.
     Oké, ik heb melk, brood en eieren toegevoegd.
     Gedaan!
     Het is geregeld.
     Melk staat nu op je lijst.`,
  );
  all(
    "nl",
    "promises",
    `Ik kijk het even na.
     Een moment, alsjeblieft.
     Momentje, ik zoek het op.
     Laat me even kijken.
     Ik ga het voor je opzoeken.
     Ik voeg melk toe.
     Ik kijk of Anna heeft geantwoord.
     Natuurlijk, ik stuur het bericht nu.
     Ik zal de e-mail versturen.`,
  );
  all(
    "nl",
    undefined,
    `Zal ik het versturen?
     Wil je dat ik het verstuur?
     Ik kan je taken bekijken.
     Ik heb niets verstuurd.
     Ik heb de e-mail nog niet verstuurd.
     Ik kon het niet versturen.
     Als je bevestigt, stuur ik het.
     Ik stuur het zodra je bevestigt.
     Anna heeft je een e-mail gestuurd.
     Anna schrijft: ik heb het contract verstuurd.
     Ik heb drie ideeën.
     Hallo, waarmee kan ik je helpen?
     Een moment. Je hebt drie taken.
     Ik kijk ernaar uit.`,
  );
});

describe("a caller whose profile names no language", () => {
  all(
    undefined,
    "claims",
    "Ich habe Milch hinzugefügt.\nI've added milk.\nC'est fait.\nHe añadido leche.\nHo aggiunto il latte.",
  );
  all(
    undefined,
    "promises",
    "Einen Moment, bitte.\nLet me check.\nUn instant.\nVou verificar.\nIk kijk het even na.",
  );
  all(undefined, undefined, "Soll ich?\nHow are you?\nJ'ai faim.\nWitam.\nHallo Anna.\nNo he enviado nada.");
});

describe("a caller whose language is none of ours", () => {
  all("pl", "claims", "I've added milk.");
  all("pl", "spells_out", "todoist_create_task(mleko)");
  all("pl", undefined, "Ich habe Milch hinzugefügt.\nDodałem mleko.");
});

test("a response of two minutes pretends nothing, whatever it ends with", () => {
  expect(pretence(`${"And so on. ".repeat(100)}Let me check.`, TOOLS, "en")).toBe("promises");
  expect(pretence(`${"And so on. ".repeat(200)}Let me check.`, TOOLS, "en")).toBeUndefined();
});
