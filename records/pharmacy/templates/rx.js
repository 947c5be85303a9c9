// The access code stands behind the # of the QR code's address: it goes into the form, and out of the address.
const access = document.getElementById("access");
if (access && location.hash.length > 1) {
  access.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}
