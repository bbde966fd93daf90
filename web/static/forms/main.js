// Forms made by the server. Everything is delegated from the document, so parts that arrive later, or are morphed, work at once.
import "forms/combo.js";
import "forms/segment.js";
import "forms/rule.js";
import "forms/rows.js";
import "forms/count.js";
import "forms/text.js";
import "forms/problems.js";
