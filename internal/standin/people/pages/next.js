// Goes on once the frames are loaded. Without scripts, its link does.
addEventListener("load", () => location.replace(document.getElementById("next").href));
