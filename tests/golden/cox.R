# Reference values of tests/golden/cox.json, and cox.csv: the Veterans' lung cancer trial that comes with survival.
# From the repository: Rscript tests/golden/cox.R. The tests read the stored files and need no R.
suppressMessages(library(survival))
patients <- with(veteran, data.frame(
  time, event = status, stratum = celltype, trt,
  karno = (karno - mean(karno)) / sd(karno), age = (age - mean(age)) / sd(age),
  delay = (log(diagtime) - mean(log(diagtime))) / sd(log(diagtime)), prior = (prior == 10) * 1))
write.csv(format(patients, digits = 17, trim = TRUE), "tests/golden/cox.csv", row.names = FALSE, quote = FALSE)
exact <- coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 100, outer.max = 50)
json <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
text <- function(x) paste0("[", paste0('"', x, '"', collapse = ", "), "]")
out <- c()
put <- function(name, value) out <<- c(out, paste0('"', name, '": ', value))
put("made_by", text(c(R.version.string, paste("survival", packageVersion("survival")))))

# theta / 2 x sum of squares is taken off the log partial likelihood; scale = FALSE keeps the columns as they are
for (ties in c("efron", "breslow")) {
  ridged <- coxph(Surv(time, event) ~ ridge(karno, age, theta = 5, scale = FALSE) + ridge(delay, prior, theta = 40,
                  scale = FALSE) + strata(stratum), patients, ties = ties, control = exact)
  put(paste0("ridge_", ties), json(coef(ridged)))
}
larger <- coxph(Surv(time, event) ~ karno + age + delay + prior + strata(stratum), patients, control = exact)
smaller <- coxph(Surv(time, event) ~ age + prior + strata(stratum), patients, control = exact)
sums <- summary(larger)
put("coef", json(coef(larger)))
put("log_likelihood", json(larger$loglik))
put("variance", json(as.vector(vcov(larger))))
put("hazard_ratio", json(sums$conf.int[, "exp(coef)"]))
put("lower", json(sums$conf.int[, "lower .95"]))
put("upper", json(sums$conf.int[, "upper .95"]))
put("p", json(sums$coefficients[, "Pr(>|z|)"]))
put("score_test_p", json(cox.zph(larger, transform = "km", global = FALSE)$table[, "p"]))
compared <- anova(smaller, larger)
put("likelihood_ratio", json(c(compared$Chisq[2], compared$Df[2], compared[2, ncol(compared)])))
curves <- summary(survfit(Surv(time, event) ~ trt, patients), rmean = 200)$table
put("restricted_mean", json(curves[, "rmean"]))
put("restricted_mean_se", json(curves[, "se(rmean)"]))
writeLines(paste0("{\n ", paste(out, collapse = ",\n "), "\n}"), "tests/golden/cox.json")
