// A microphone and a camera. What they give becomes a file (WAV, PNG) like any other.

import { el } from "./dom.js";
import { t } from "./strings.js";
import { TransportError } from "./transport.js";

/** Seconds after which recording stops by itself. */
const MOST_SECONDS = 60;

/** A button that records sound; nothing where the browser has no microphone to give. */
export function microphone({ take, refused }) {
  if (!navigator.mediaDevices?.getUserMedia || !self.AudioContext) return null;
  const button = el("button", { type: "button", class: "button", "aria-pressed": "false" }, t("record"));
  let recording = null;
  button.addEventListener("click", async () => {
    if (recording) {
      recording.stop();
      return;
    }
    try {
      recording = await listen();
    } catch (error) {
      refused(new TransportError(t("error_microphone"), error.message));
      return;
    }
    button.setAttribute("aria-pressed", "true");
    button.replaceChildren(t("record_stop"));
    const wave = await recording.done;
    recording = null;
    button.setAttribute("aria-pressed", "false");
    button.replaceChildren(t("record"));
    take(new File([wave], t("record_file"), { type: "audio/wav" }));
  });
  return button;
}

async function listen() {
  // Nothing is to be made nicer: the model gets what the microphone hears.
  const constraints = { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 } };
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  const context = new AudioContext();
  const source = context.createMediaStreamSource(stream);
  // A worklet would need a script of its own address, which the page's policy forbids.
  const processor = context.createScriptProcessor(4096, 1, 1);
  const pieces = [];
  let length = 0;
  let finish;
  const done = new Promise((resolve) => {
    finish = resolve;
  });
  const stop = () => {
    processor.disconnect();
    source.disconnect();
    for (const track of stream.getTracks()) track.stop();
    context.close();
    finish(waveOf(pieces, length, context.sampleRate));
  };
  processor.onaudioprocess = ({ inputBuffer }) => {
    pieces.push(inputBuffer.getChannelData(0).slice());
    length += inputBuffer.length;
    if (length > MOST_SECONDS * context.sampleRate) stop();
  };
  source.connect(processor);
  processor.connect(context.destination);
  return { stop, done };
}

/** A WAV file of one channel in 16 bits. */
function waveOf(pieces, length, rate) {
  const wave = new DataView(new ArrayBuffer(44 + 2 * length));
  const word = (at, text) => [...text].forEach((letter, index) => wave.setUint8(at + index, letter.charCodeAt(0)));
  word(0, "RIFF");
  wave.setUint32(4, 36 + 2 * length, true);
  word(8, "WAVEfmt ");
  wave.setUint32(16, 16, true);
  wave.setUint16(20, 1, true);
  wave.setUint16(22, 1, true);
  wave.setUint32(24, rate, true);
  wave.setUint32(28, 2 * rate, true);
  wave.setUint16(32, 2, true);
  wave.setUint16(34, 16, true);
  word(36, "data");
  wave.setUint32(40, 2 * length, true);
  let at = 44;
  for (const piece of pieces) {
    for (const sample of piece) {
      wave.setInt16(at, Math.round(Math.min(1, Math.max(-1, sample)) * 32767), true);
      at += 2;
    }
  }
  return new Blob([wave.buffer], { type: "audio/wav" });
}

/** A button that takes a photograph; nothing where the browser has no camera to give. */
export function camera({ take, refused }) {
  if (!navigator.mediaDevices?.getUserMedia) return null;
  const start = el("button", { type: "button", class: "button" }, t("camera"));
  const shoot = el("button", { type: "button", class: "button primary" }, t("camera_take"));
  const stop = el("button", { type: "button", class: "button quiet" }, t("cancel"));
  const view = el("video", { playsinline: true, "aria-label": t("camera_view"), class: "camera" });
  view.muted = true;
  const box = el("div", { hidden: true }, view, el("p", { class: "actions" }, shoot, stop));
  const end = () => {
    for (const track of view.srcObject?.getTracks() ?? []) track.stop();
    view.srcObject = null;
    box.hidden = true;
    start.hidden = false;
    start.focus();
  };
  start.addEventListener("click", async () => {
    try {
      view.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      await view.play();
    } catch (error) {
      refused(new TransportError(t("error_camera"), error.message));
      return;
    }
    box.hidden = false;
    start.hidden = true;
    shoot.focus();
  });
  stop.addEventListener("click", end);
  shoot.addEventListener("click", async () => {
    const file = await photograph(view);
    end();
    take(file);
  });
  return el("div", {}, start, box);
}

/** A camera gives pixels, not a file: this one place of the page makes a picture of them. */
async function photograph(view) {
  const canvas = el("canvas", { width: view.videoWidth, height: view.videoHeight });
  canvas.getContext("2d", { alpha: false }).drawImage(view, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([blob], t("camera_file"), { type: "image/png" });
}
