"""Alarms in words: what each says, and what to do about it."""

from __future__ import annotations

from safehold.web.language import N_

ALARMS = N_(
    {
        "risk_to_life": (
            "Somebody declared a risk to life",
            "Somebody who works on cases says under Emergencies that they are at it, and how it ended.",
        ),
        "call_dead": (
            "The person on call could not be reached for an hour",
            "See that the channel answers: emergency.on_call in the settings. Call the person yourself.",
        ),
        "report_unsent": (
            "A report to an authority is past its time",
            "Where it is about a risk to life, tell those who can help now, then say so under Emergencies."
            " It is nobody’s turn but everybody’s. Send any other report on, or see what it waits for.",
        ),
        "report_stuck": (
            "A report to an authority cannot go on by itself",
            "Nothing more is sent until a person lets it go on. See why it is stuck, mend that, then let"
            " it go on: what is half sent is taken back first.",
        ),
        "report_waits": (
            "A report to an authority waits for something of ours",
            "Nothing is lost. See that the reader answers and that the worker’s user is in"
            " reader.filing_clients, that the vault’s store answers, and that the destination is enabled. It"
            " goes on by itself.",
        ),
        "report_incomplete": (
            "A filed report lacks files that were sent",
            "The authority does not name them among those it has. A supplement that brings them again waits"
            " under Authorities, where people still find illegal what it is about. Ask the authority, then"
            " send or decline it, and acknowledge this.",
        ),
        "report_expiring": (
            "A report that is half sent expires in 20 minutes or less",
            "The authority deletes what is not finished. It is then begun anew by itself; where it is stuck,"
            " let it go on.",
        ),
        "question_due": (
            "A question of an authority is to be answered within two days",
            "See it under Authorities. Answer it, then write down how: its clock ends with that.",
        ),
        "question_late": (
            "A question of an authority was not answered in time",
            "Answer it now, by a supplement or directly, then write down how under Authorities.",
        ),
        "list_stale": (
            "A list is older than it may be",
            "New entries may be missing, so scans say that they are incomplete. See that its origin"
            " answers, then import it again; Lists says how old it is.",
        ),
        "classifier_drifts": (
            "A classifier’s estimates have shifted within a week",
            "See its page under Classifiers: other uploads may come in, or it may err more than before."
            " Switch it off there if what it asks for wastes people’s time. Nothing else follows from this.",
        ),
        "classifier_down": (
            "A classifier does not answer",
            "Its page under Classifiers says since when. Unless it is in the shadow, uploads that it should"
            " look at are answered incomplete. See that its machine answers and its key is still good, or"
            " switch it off there. This ends by itself once it answers, or when nothing was asked of it for"
            " 15 minutes.",
        ),
        "matcher_down": (
            "Uploads could not be compared with every list in the last quarter of an hour",
            "Those scans said that they were incomplete. safehold doctor and the health of each host say"
            " what is down: mostly the decoders, or an index that is built anew.",
        ),
        "step_stuck": ("A step is stuck", "Find the cause, then try the step again below."),
        "custody_failed": (
            "The bytes of an upload could not be sealed",
            "It is held all the same, but nothing of it is kept. See that the store takes data, then let the"
            " platform send it once more.",
        ),
        "undecided_too_long": (
            "Nobody has decided about media for 60 days or more",
            "Let an analyst settle its case: its bytes are destroyed after 90 days without a decision.",
        ),
        "delivery_dead": (
            "A message to a platform was given up",
            "See that the receiver answers, then try the message again under Webhooks.",
        ),
        "anchor_failing": (
            "An outside anchor of the audit log has failed for an hour or more",
            "Let the operator run safehold audit anchor --check: it says why.",
        ),
        "destruction_waits": (
            "More than three days have passed since the last sweep, the clock is wrong, or a backup"
            " was restored",
            "Nothing is destroyed for a day. See that this machine's clock is right, and after a"
            " restore file the"
            " decisions again that are gone; then acknowledge. If the clock is wrong, set it right"
            " and leave this"
            " alarm alone: it ends by itself.",
        ),
        "index_damaged": (
            "A file of the index on one host was damaged",
            "It was thrown away and built anew from the lists; meanwhile scans there said that they were"
            " incomplete. The host’s log names this alarm. Acknowledge it; if it comes again, have its disk"
            " looked at.",
        ),
        "probing": (
            "One account or key comes near the edge of a list again and again",
            "Somebody may be trying out what is listed, or keeps uploading what is. Ask the"
            " platform that the key"
            " belongs to; safehold probing tells one account from another. Revoke a key that was stolen.",
        ),
        "sign_in_guessed": (
            "Somebody fails to sign in again and again",
            "Look at session.refused in the audit log. Guessing is slowed down by itself; if it"
            " goes on, shut the"
            " network out in front of Safehold.",
        ),
        "session_stolen": (
            "A token of a session was used that its browser had given back",
            "The session is ended. Ask its person whether they noticed anything, and look at what"
            " was done in the"
            " audit log: session.stolen names them.",
        ),
        "passkey_copied": (
            "A passkey counted backwards, so there are two of it",
            "It was refused. Let its person remove it and add another; factor.copied in the audit log names"
            " them.",
        ),
        "factors_reset": (
            "Somebody’s second factors were taken away in the shell",
            "Make sure that the person asked for it themselves, by a way that is not mail.",
        ),
        "too_many_views": (
            "Somebody asked to see more than one person may in a day",
            "Speak with them: it may be too much for anybody, or somebody else may be using their session."
            " reveal.refused in the audit log says when.",
        ),
        "key_expiring": (
            "A platform’s key that is in use ends within two weeks",
            "Make another under Keys, hand it over, and revoke this one once the platform uses the"
            " new one. After"
            " its end this key opens nothing, and the platform’s uploads go unchecked.",
        ),
        "lookback_damaged": (
            "A day of signals that a host keeps for look-back is not what was written",
            "New entries do not find what was uploaded on that day; everything else goes on, and the day is"
            " destroyed in its time. See that the host’s disk is sound, then acknowledge.",
        ),
    }
)
"""What each alarm says on screen, and what to do about it."""
