// Passkeys: a form asks the browser for a key and sends what it gives. Without this file such forms do not show.
(function (d) {
  "use strict";
  var bytes = function (text) {
    var raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (c) { return c.charCodeAt(0); });
  };
  var text = function (buffer) {
    if (!buffer) return undefined;
    var raw = "";
    new Uint8Array(buffer).forEach(function (b) { raw += String.fromCharCode(b); });
    return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  var named = function (list) {
    return (list || []).map(function (c) { return Object.assign({}, c, { id: bytes(c.id) }); });
  };

  function ask(verb, options) {
    options.challenge = bytes(options.challenge);
    if (verb === "get") {
      options.allowCredentials = named(options.allowCredentials);
      return navigator.credentials.get({ publicKey: options });
    }
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = named(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }

  function answer(key) {
    var r = key.response;
    return JSON.stringify({
      id: key.id, rawId: text(key.rawId), type: key.type,
      authenticatorAttachment: key.authenticatorAttachment || undefined,
      clientExtensionResults: {},
      response: {
        clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject),
        transports: r.getTransports ? r.getTransports() : undefined,
        authenticatorData: text(r.attestationObject ? null : r.authenticatorData),
        signature: text(r.signature), userHandle: text(r.userHandle)
      }
    });
  }

  function wire(form) {
    if (form.dataset.wired) return;
    form.dataset.wired = "1";
    form.hidden = false;
    var wrong = form.querySelector("[data-passkey-error]");
    form.addEventListener("submit", function (e) {
      e.preventDefault();
      wrong.hidden = true;
      fetch(form.dataset.begin, { method: "POST", headers: { Accept: "application/json" } }).then(function (r) {
        if (!r.ok || r.redirected) throw new Error("begin");
        return r.json();
      }).then(function (options) {
        return ask(form.dataset.passkey, options);
      }).then(function (key) {
        form.elements.credential.value = answer(key);
        form.submit();
      }).catch(function (err) {
        wrong.textContent = err.name === "InvalidStateError" ? "Thiết bị này đã có khóa truy cập của tài khoản."
          : err.message === "begin" ? "Không bắt đầu được. Hãy tải lại trang và thử lại."
          : "Chưa nhận được khóa truy cập: thao tác bị hủy, hết giờ, hoặc thiết bị không có khóa của hệ thống này.";
        wrong.hidden = false;
      });
    });
  }

  function start() {
    if (window.PublicKeyCredential && navigator.credentials) d.querySelectorAll("form[data-passkey]").forEach(wire);
    d.querySelectorAll("[data-print]").forEach(function (b) {
      b.hidden = false;
      b.onclick = function () { window.print(); };
    });
  }
  start();
})(document);
