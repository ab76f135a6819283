// Sends the answer on. Without scripts, its button does.
document.getElementById("answer").submit();
