# Reference values of tests/golden/survival.json. From the repository: Rscript tests/golden/survival.R
# Needs R and its package survival only; the tests read the stored JSON and need neither.
suppressMessages(library(survival))
patients <- read.csv("tests/golden/survival.csv")
exact <- coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 100)
json <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
text <- function(x) paste0("[", paste0('"', x, '"', collapse = ", "), "]")
out <- c()
put <- function(name, value) out <<- c(out, paste0('"', name, '": ', value))
put("made_by", text(c(R.version.string, paste("survival", packageVersion("survival")))))

model <- Surv(time, event) ~ x1 + x2 + x3
breslow <- coxph(model, patients, ties = "breslow", control = exact)
put("coef_breslow", json(coef(breslow)))
put("coef_efron", json(coef(coxph(model, patients, ties = "efron", control = exact))))

# survival of two new patients at three times, no strata
horizons <- c(200, 500, 900)
new <- data.frame(x1 = c(0.5, -1), x2 = c(-0.3, 0.8), x3 = c(1, 0))
curves <- summary(survfit(breslow, newdata = new), times = horizons)$surv
put("horizons", json(horizons))
put("new_patients", json(as.vector(t(as.matrix(new)))))
put("survival_breslow", json(as.vector(t(curves))))

# Breslow's baseline per stratum at risk 0 for a risk that is given (coefficient held at 1)
given <- coxph(Surv(time, event) ~ risk + strata(stratum), patients, init = 1, ties = "breslow",
               control = coxph.control(iter.max = 0))
hazard <- basehaz(given, centered = FALSE)
for (name in sort(unique(patients$stratum))) {
  own <- hazard[hazard$strata == name, ]
  put(paste0("baseline_times_", name), json(own$time))
  put(paste0("baseline_hazard_", name), json(own$hazard))
}
concord <- function(formula) concordance(formula, patients, reverse = TRUE)$concordance
put("concordance", json(concord(Surv(time, event) ~ risk)))
counts <- colSums(concordance(Surv(time, event) ~ risk + strata(stratum), patients, reverse = TRUE)$count)
put("pairs_strata", json(counts[c("concordant", "discordant", "tied.x")]))
writeLines(paste0("{\n ", paste(out, collapse = ",\n "), "\n}"), "tests/golden/survival.json")
