// Runs before anything is drawn, so that a covered verdict is never seen for a moment.
document.documentElement.classList.add("js");
if (location.hash === "#blind") document.documentElement.classList.add("blind");
