// One person's Matrix client on the SDK and the Rust crypto that Element Web is made of.
import "./polyfill.mjs";
import * as sdk from "matrix-js-sdk";
import { OnlySignedDevicesIsolationMode } from "matrix-js-sdk/lib/crypto-api/index.js";
import { VerificationPhase, VerifierEvent } from "matrix-js-sdk/lib/crypto-api/index.js";
import { EventShieldColour, EventShieldReason } from "matrix-js-sdk/lib/crypto-api/index.js";

const ENCRYPTION = { algorithm: "m.megolm.v1.aes-sha2" };
const PATIENCE = 150; // seconds that anything may take, unless somebody says otherwise

export class Person {
  #client;
  #heard = []; // messages that came and that nobody has waited for yet
  #undecryptable = new Set();
  #bells = new Set();

  // `strict`: hand keys to cross-signed devices only, as Element is about to make the rule.
  async connect({ homeserver, user, password, strict = false }) {
    const login = await sdk.createClient({ baseUrl: homeserver }).loginRequest({
      type: "m.login.password",
      identifier: { type: "m.id.user", user },
      password,
      initial_device_display_name: "Element's crypto",
    });
    const { user_id: userId, access_token: accessToken, device_id: deviceId } = login;
    this.#client = sdk.createClient({ baseUrl: homeserver, userId, accessToken, deviceId, cryptoCallbacks: {} });
    await this.#client.initRustCrypto({ useIndexedDB: false });
    const crypto = this.#client.getCrypto();
    const auth = { type: "m.login.password", identifier: { type: "m.id.user", user }, password };
    await crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (upload) => upload(auth) });
    if (strict) crypto.setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
    this.#client.on(sdk.RoomEvent.Timeline, (event, room, toStart) => toStart || this.#hear(event, room));
    const prepared = new Promise((done) =>
      this.#client.on(sdk.ClientEvent.Sync, (state) => state === "PREPARED" && done()),
    );
    this.#client.on(sdk.ClientEvent.Sync, () => this.#ring());
    // A sync leaves out what more events than this follow, until somebody scrolls back.
    await this.#client.startClient({ initialSyncLimit: 200 });
    await prepared;
    return { user_id: userId, device_id: deviceId };
  }

  // An encrypted direct room; returns once all who are invited have joined.
  async dm({ invite, seconds = PATIENCE }) {
    const made = await this.#client.createRoom({
      is_direct: true,
      invite,
      preset: "trusted_private_chat",
      initial_state: [{ type: "m.room.encryption", state_key: "", content: ENCRYPTION }],
    });
    await this.#until(seconds, `${invite} to join`, () => {
      const room = this.#client.getRoom(made.room_id);
      return room && invite.every((user) => room.getMember(user)?.membership === "join");
    });
    return made.room_id;
  }

  // Joins the room, or the next one that we are invited to.
  async join({ room, seconds = PATIENCE }) {
    const invited = () =>
      this.#client.getRooms().find((r) => r.getMyMembership() === "invite" && (!room || r.roomId === room));
    const found = await this.#until(seconds, "an invitation", invited);
    await this.#client.joinRoom(found.roomId);
    const joined = await this.#until(seconds, "the room's state", () => {
      const known = this.#client.getRoom(found.roomId);
      return known?.getMyMembership() === "join" && known.hasEncryptionStateEvent() && known;
    });
    return { room: joined.roomId, name: joined.name, version: joined.getVersion() };
  }

  members({ room }) {
    return this.#client.getRoom(room).getJoinedMembers().map((member) => member.userId);
  }

  async say({ room, text }) {
    return (await this.#client.sendTextMessage(room, text)).event_id;
  }

  async react({ room, event, key }) {
    const relation = { rel_type: "m.annotation", event_id: event, key };
    return (await this.#client.sendEvent(room, "m.reaction", { "m.relates_to": relation })).event_id;
  }

  // The first message not yet waited for that fits; an edit comes as a message that `replaces` another.
  async wait({ room, sender, contains, seconds = PATIENCE }) {
    const fits = (heard) =>
      (!room || heard.room === room) && (!sender || heard.sender === sender) && (!contains || heard.body.includes(contains));
    const what = `a message${contains ? ` with "${contains}"` : ""}`;
    const heard = await this.#until(seconds, what, () => this.#heard.find(fits));
    this.#heard.splice(this.#heard.indexOf(heard), 1);
    return heard;
  }

  // What Element shows beside the message: NONE, GREY or RED, and why.
  async shield({ room, event }) {
    const found = this.#client.getRoom(room).findEventById(event);
    const info = await this.#client.getCrypto().getEncryptionInfoForEvent(found);
    return info && { colour: EventShieldColour[info.shieldColour], reason: info.shieldReason && EventShieldReason[info.shieldReason] };
  }

  // The public key by which this client knows somebody, whatever devices they have.
  async identity({ user }) {
    const found = await this.#client.http.authedRequest("POST", "/keys/query", undefined, { device_keys: { [user]: [] } });
    return Object.values(found.master_keys[user].keys)[0];
  }

  // Verifies somebody by emoji in a direct room, as Element does; returns what was shown, and whether they are verified.
  async verify({ user, room, seconds = PATIENCE }) {
    const crypto = this.#client.getCrypto();
    const request = await crypto.requestVerificationDM(user, room);
    await this.#until(seconds, "the other to be ready", () => request.phase === VerificationPhase.Ready);
    const verifier = await request.startVerification("m.sas.v1");
    const shown = new Promise((done) => verifier.once(VerifierEvent.ShowSas, done));
    const finished = verifier.verify();
    const sas = await Promise.race([shown, finished.then(() => null)]);
    await sas.confirm();
    await finished;
    await this.#until(seconds, "the end of the verification", () => request.phase === VerificationPhase.Done);
    // Our signature comes back to us with the next look at their keys.
    let verified = false;
    for (const end = Date.now() + seconds * 500; !verified && Date.now() < end; ) {
      verified = (await crypto.getUserVerificationStatus(user)).isCrossSigningVerified();
      if (!verified) await new Promise((done) => setTimeout(done, 250));
    }
    return { emoji: sas.sas.emoji.map(([emoji]) => emoji), verified };
  }

  undecryptable({ room }) {
    return [...this.#undecryptable].filter((event) => this.#client.getRoom(room).findEventById(event));
  }

  async quit() {
    this.#client?.stopClient();
  }

  async #hear(event, room) {
    if (event.getSender() === this.#client.getUserId()) return;
    await this.#client.decryptEventIfNeeded(event);
    if (event.isDecryptionFailure()) {
      this.#undecryptable.add(event.getId());
      event.on(sdk.MatrixEventEvent.Decrypted, () => event.isDecryptionFailure() || this.#keep(event, room));
    } else this.#keep(event, room);
  }

  #keep(event, room) {
    this.#undecryptable.delete(event.getId());
    if (event.getType() !== "m.room.message") return;
    const content = event.getContent();
    const relation = event.getWireContent()["m.relates_to"] ?? {};
    const shown = content["m.new_content"] ?? content;
    this.#heard.push({
      room: room.roomId,
      event: event.getId(),
      sender: event.getSender(),
      type: shown.msgtype,
      body: shown.body ?? "",
      html: shown.formatted_body ?? null,
      replaces: relation.rel_type === "m.replace" ? relation.event_id : null,
      encrypted: event.isEncrypted(),
    });
    this.#ring();
  }

  #ring() {
    for (const bell of this.#bells) bell();
    this.#bells.clear();
  }

  // Looks again whenever something came, until `look` finds something or the time is over.
  async #until(seconds, what, look) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const found = look();
      if (found) return found;
      if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}; heard ${JSON.stringify(this.#heard)}`);
      await new Promise((done) => {
        setTimeout(done, 500);
        this.#bells.add(done);
      });
    }
  }
}
