// What the pages do beyond their forms. Everything but looking works without it.
import { listenForKeys } from "./keys.js";
import { prepareMenu } from "./menu.js";
import { prepareOverlay } from "./overlay.js";
import { preparePalette } from "./palette.js";
import { preparePasskeys } from "./passkeys.js";
import { prepareShutter } from "./shutter.js";
import { sendOnce } from "./forms.js";

prepareMenu();
prepareOverlay();
prepareShutter();
preparePalette();
preparePasskeys();
listenForKeys();
sendOnce();
